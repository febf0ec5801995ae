// What Reins adds, as the vendors' Node clients see it: refusals, amendments, prefixes.

import { strict as assert } from "node:assert";
import { randomUUID } from "node:crypto";
import { test } from "node:test";

import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";

import { Script, anthropic, hello, openai, url, vendorSays, words } from "./stage.mjs";

// The calls of each client, so that one test can hold for both.
const apis = [
  {
    name: "openai",
    errors: OpenAI,
    make: openai,
    dear: "gpt-4o",
    unknown: "gpt-99-unheard-of",
    prefix: "/openai/v1",
    ask: (client, options, body = {}) =>
      client.chat.completions.create(
        { model: "gpt-4o-mini", messages: hello, max_tokens: 100, ...body },
        options,
      ),
    text: (answer) => answer.choices[0].message.content,
    error: (fault) => fault.error,
  },
  {
    name: "anthropic",
    errors: Anthropic,
    make: anthropic,
    dear: "claude-opus-4-5",
    unknown: "claude-99-unheard-of",
    prefix: "/anthropic",
    ask: (client, options, body = {}) =>
      client.messages.create(
        { model: "claude-haiku-4-5", messages: hello, max_tokens: 100, ...body },
        options,
      ),
    text: (answer) => answer.content[0].text,
    error: (fault) => fault.error.error,
  },
];

// The fault that a client with its usual retries raises, after one request that no vendor saw.
async function refused(api, options, body) {
  let sent = 0;
  const counting = (...request) => (sent++, fetch(...request));
  const before = (await vendorSays("/books?last=0")).calls;
  const client = api.make({ maxRetries: 2, fetch: counting });
  const fault = await api.ask(client, options, body).catch((fault) => fault);
  assert.ok(fault instanceof api.errors.APIError, `${fault}`);
  assert.equal(sent, 1, "the client retried what no retry can help");
  assert.equal((await vendorSays("/books?last=0")).calls, before);
  return fault;
}

for (const api of apis) {
  test(`${api.name}: blocked by a rule`, async () => {
    const options = new Script().steer("", { "X-Reins-Roles": "trial" });
    const fault = await refused(api, options, { model: api.dear });
    assert.ok(fault instanceof api.errors.PermissionDeniedError);
    const error = api.error(fault);
    assert.equal(error.code, "policy_blocked");
    assert.equal(error.rule, "no big models for trial users");
    assert.equal(error.message, "Upgrade to Pro to use advanced models");
    assert.ok(error.reason);
  });

  test(`${api.name}: over budget`, async () => {
    const options = new Script().steer("", { "X-Reins-User": `poor-${randomUUID()}` });
    const fault = await refused(api, options, { max_tokens: 4000 });
    assert.ok(fault instanceof api.errors.PermissionDeniedError);
    const error = api.error(fault);
    assert.equal(error.code, "policy_blocked");
    assert.deepEqual([error.budget_used, error.budget_limit], [0, 0.0001]);
  });

  test(`${api.name}: unpriced`, async () => {
    const fault = await refused(api, new Script().steer(), { model: api.unknown });
    assert.equal(fault.status, 402);
    assert.equal(api.error(fault).code, "unpriced");
  });

  test(`${api.name}: unknown key`, async () => {
    const client = api.make({ apiKey: `rns_test_${"0".repeat(64)}` });
    const fault = await api.ask(client, new Script().steer()).catch((fault) => fault);
    assert.ok(fault instanceof api.errors.AuthenticationError, `${fault}`);
    assert.equal(api.error(fault).code, "invalid_key");
  });

  test(`${api.name}: prefix`, async () => {
    const script = new Script();
    const client = api.make({ baseURL: `${url}${api.prefix}` });
    assert.equal(api.text(await api.ask(client, script.steer())), words(20));
    assert.equal((await script.bill()).vendor, api.name);
  });

  test(`${api.name}: clip`, async () => {
    const script = new Script();
    const options = script.steer("", { "X-Reins-Agent": "brief" });
    assert.equal(api.text(await api.ask(api.make(), options)), words(7));
    assert.equal((await script.bill()).usage.output, 7);
  });
}

test("openai: downgrade", async () => {
  const [api] = apis;
  const script = new Script();
  const options = script.steer("", { "X-Reins-Agent": "thrifty" });
  const call = api.ask(api.make(), options, { model: "gpt-4.1" });
  const { response } = await call.withResponse();
  assert.equal(response.headers.get("x-reins-model"), "gpt-4.1-mini");
  assert.equal((await script.bill()).model, "gpt-4.1-mini");
});
