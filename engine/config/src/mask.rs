//! Masking: a file's text with everything that looks like a secret blanked out.

/// How the keys of vendors, and ours, begin.
const PREFIXES: [&str; 4] = ["sk-", "rns_", "rk_", "AIza"];
/// Fields that people put secrets into.
const FIELDS: [&str; 7] = ["key", "value", "api_key", "apikey", "secret", "token", "password"];
/// Shorter texts are words, not keys: `pass-through` is the longest of ours.
const SHORTEST: usize = 13;

/// `text` at the same length in bytes, so that every place in it stays where it is.
pub(crate) fn masked(text: &str) -> String {
    text.split_inclusive('\n').map(mask_line).collect()
}

fn mask_line(line: &str) -> String {
    let secret_from = field_value(line).unwrap_or(line.len());
    let line = &mask_login(line);
    let mut shown = String::with_capacity(line.len());
    let mut word = String::new();
    for (at, c) in line.char_indices() {
        if is_key_character(c) {
            word.push(c);
        } else {
            push_word(&mut shown, &word, at > secret_from);
            word.clear();
            shown.push(c);
        }
    }
    push_word(&mut shown, &word, secret_from < line.len());
    shown
}

/// `https://name:password@host` without name and password.
fn mask_login(line: &str) -> String {
    let Some((scheme, rest)) = line.split_once("://") else { return line.to_owned() };
    // WHY: a key may have a slash in it, and then the login seems to be over before its end.
    let host = rest.split(['"', '\'', ' ']).next().unwrap_or_default();
    match host.rsplit_once('@') {
        Some((login, _)) => {
            format!(
                "{scheme}://{}{}",
                "*".repeat(login.len()),
                rest.strip_prefix(login).unwrap_or_default()
            )
        }
        None => line.to_owned(),
    }
}

/// Where the value begins on a line `key = …`.
fn field_value(line: &str) -> Option<usize> {
    let (name, _) = line.split_once('=')?;
    let bare = name.trim().trim_matches(['"', '\'']).to_ascii_lowercase();
    FIELDS.contains(&bare.as_str()).then_some(name.len() + 1)
}

fn is_key_character(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | '+')
}

fn push_word(shown: &mut String, word: &str, in_secret_field: bool) {
    let secret_from = if in_secret_field { Some(0) } else { key_in(word) };
    let (open, secret) =
        word.split_at_checked(secret_from.unwrap_or(word.len())).unwrap_or((word, ""));
    shown.push_str(open);
    if secret.len() >= SHORTEST {
        shown.extend(std::iter::repeat_n('*', secret.len()));
    } else {
        shown.push_str(secret);
    }
}

/// Where a key begins in a word, which may be a path.
fn key_in(word: &str) -> Option<usize> {
    let begins =
        |at: &usize| *at == 0 || word.get(..*at).is_some_and(|before| before.ends_with('/'));
    let first = |prefix: &&str| word.match_indices(*prefix).map(|(at, _)| at).find(begins);
    PREFIXES.iter().filter_map(first).min()
}

#[cfg(test)]
mod tests {
    //! What is blanked, and what is not.
    use super::masked;

    #[test]
    fn blanks_what_looks_like_a_key() {
        for (text, shown) in [
            ("key = \"sk-abcdefghijkl\"\n", "key = \"***************\"\n"),
            ("x = \"rns_live_abcdefgh\" # y", "x = \"*****************\" # y"),
            ("\"value\" = 'correct-horse-battery'", "\"value\" = '*********************'"),
            ("url = \"https://me:pässword@host/v1\"", "url = \"https://************@host/v1\""),
            ("url = \"https://sk-abc/def@host/v1\"", "url = \"https://**********@host/v1\""),
            ("url = \"https://host/sk-abcdefghijkl\"", "url = \"https://host/***************\""),
            ("password=ünïcödéünïcödé", "password=**********************"),
        ] {
            assert_eq!(masked(text).len(), text.len());
            assert_eq!(masked(text), shown);
        }
    }

    #[test]
    fn leaves_everything_else() {
        for text in
            ["key = \"pass-through\"", "model = \"claude-3-5-sonnet-20241022\"\r\n", "", "="]
        {
            assert_eq!(masked(text), text);
        }
    }
}
