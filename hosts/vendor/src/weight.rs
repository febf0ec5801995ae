//! How much text and how many images a message's content holds, measured while it is parsed and
//! without keeping it.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize as Derive, de::IgnoredAny};
use serde_json::value::RawValue;

/// The measure of a content field: a string, or parts of any of the two vendors' kinds.
#[derive(Debug, Default)]
pub(crate) struct Weight<'a> {
    pub(crate) text_bytes: u64,
    pub(crate) images: u64,
    /// The first text, where a script may hide.
    pub(crate) first_text: Option<Cow<'a, str>>,
}

impl<'a> Weight<'a> {
    fn of_text(text: Cow<'a, str>) -> Self {
        Self { text_bytes: bytes(&text), images: 0, first_text: Some(text) }
    }

    fn add(&mut self, other: Self) {
        self.text_bytes += other.text_bytes;
        self.images += other.images;
        if self.first_text.is_none() {
            self.first_text = other.first_text;
        }
    }
}

/// A part of a message: text, an image, a tool's call or its result.
#[derive(Derive)]
struct Part<'a> {
    #[serde(rename = "type", borrow, default)]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    text: Weight<'a>,
    #[serde(borrow, default)]
    content: Weight<'a>,
    #[serde(borrow, default)]
    input: Option<&'a RawValue>,
}

impl<'a> Part<'a> {
    fn weight(self) -> Weight<'a> {
        let mut weight = self.text;
        weight.add(self.content);
        weight.text_bytes += self.input.map_or(0, |input| bytes(input.get()));
        weight.images += u64::from(matches!(&*self.kind, "image_url" | "image" | "input_image"));
        weight
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Weight<'a> {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        source.deserialize_any(Scale)
    }
}

struct Scale;

impl<'de> Visitor<'de> for Scale {
    type Value = Weight<'de>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a string or an array of content parts")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Weight::of_text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Weight::of_text(Cow::Owned(text.to_owned())))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Weight::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Self::Value, A::Error> {
        let mut sum = Weight::default();
        while let Some(part) = parts.next_element::<Part<'de>>()? {
            sum.add(part.weight());
        }
        Ok(sum)
    }

    /// An object where text was expected (a file, a search result) is free of charge.
    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self::Value, A::Error> {
        while fields.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Weight::default())
    }
}

pub(crate) fn bytes(text: &str) -> u64 {
    u64::try_from(text.len()).unwrap_or(u64::MAX)
}
