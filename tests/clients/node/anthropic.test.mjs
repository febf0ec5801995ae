// Anthropic's Node client, unchanged but for base URL and key.

import { strict as assert } from "node:assert";
import { test } from "node:test";

import Anthropic from "@anthropic-ai/sdk";

import { Script, anthropic, collect, governed, hello, png, words } from "./stage.mjs";

const MODEL = "claude-haiku-4-5";
const EVENTS = 15;
const tools = [
  {
    name: "weather_of",
    input_schema: { type: "object", properties: { city: { type: "string" } } },
  },
];

const ask = (script, steps = "", body = {}, client = anthropic()) =>
  client.messages.create(
    { model: MODEL, max_tokens: 100, messages: hello, ...body },
    script.steer(steps),
  );

const textOf = (events) =>
  events
    .filter((event) => event.type === "content_block_delta" && event.delta.type === "text_delta")
    .map((event) => event.delta.text)
    .join("");

// The client's usage is what the vendor billed.
function checkUsage(usage, { usage: tokens }) {
  assert.equal(usage.input_tokens, tokens.input);
  assert.equal(usage.cache_read_input_tokens, tokens.cached);
  const written = tokens.cache_write_5m + tokens.cache_write_1h;
  assert.equal(usage.cache_creation_input_tokens, written);
  assert.equal(usage.output_tokens, tokens.output);
}

test("whole", async () => {
  const script = new Script();
  const answer = await ask(script);
  assert.equal(answer.content[0].text, words(20));
  assert.equal(answer.id, (await script.bill()).id);
  checkUsage(answer.usage, await script.bill());
});

test("stream", async () => {
  const script = new Script();
  const events = await collect(await ask(script, "", { stream: true }));
  assert.equal(textOf(events), words(20));
  assert.equal(events.length, EVENTS);
  assert.equal(events.at(-2).usage.output_tokens, (await script.bill()).usage.output);
});

test("stream helper", async () => {
  const script = new Script();
  const stream = anthropic().messages.stream(
    { model: MODEL, max_tokens: 100, messages: hello },
    script.steer("output=33"),
  );
  const answer = await stream.finalMessage();
  assert.equal(answer.content[0].text, words(33));
  checkUsage(answer.usage, await script.bill());
});

for (const wire of ["split=1", "crlf=1", "gzip=1", "gzip=1 split=1", "gap_ms=1"]) {
  test(`stream that comes with ${wire}`, async () => {
    const script = new Script();
    const events = await collect(await ask(script, wire, { stream: true }));
    assert.equal(textOf(events), words(20));
    assert.equal((await script.bill()).usage.output, 20);
  });
}

test("tool", async () => {
  const script = new Script();
  const answer = await ask(script, "tool=1", { tools });
  const call = answer.content.find((block) => block.type === "tool_use");
  assert.deepEqual([call.name, call.input], ["weather_of", { city: "Paris" }]);
  checkUsage(answer.usage, await script.bill());
});

test("tool in a stream", async () => {
  const script = new Script();
  const stream = anthropic().messages.stream(
    { model: MODEL, max_tokens: 100, messages: hello, tools },
    script.steer("tool=1"),
  );
  const answer = await stream.finalMessage();
  assert.deepEqual(answer.content.at(-1).input, { city: "Paris" });
  checkUsage(answer.usage, await script.bill());
});

for (const source of [
  { type: "base64", media_type: "image/png", data: png },
  { type: "url", url: "https://example.com/cat.png" },
]) {
  test(`vision, ${source.type}`, async () => {
    const script = new Script();
    const content = [{ type: "image", source }, { type: "text", text: "What is this?" }];
    const answer = await ask(script, "", { messages: [{ role: "user", content }] });
    checkUsage(answer.usage, await script.bill());
    assert.ok(answer.usage.input_tokens > 765);
  });
}

test("long prompt", async () => {
  const script = new Script();
  const content = "Every word of this counts, über alles. ".repeat(10_500);
  const answer = await ask(script, "", { messages: [{ role: "user", content }] });
  checkUsage(answer.usage, await script.bill());
  assert.ok(answer.usage.input_tokens > 100_000);
});

test("cache", async () => {
  const script = new Script();
  const steps = "input=5000 cached=2048 cache_write=1024 cache_write_1h=512";
  const answer = await ask(script, steps);
  checkUsage(answer.usage, await script.bill());
  assert.equal((await script.bill()).usage.cache_write_1h, 512);
});

test("thinking", async () => {
  const script = new Script();
  const body = { thinking: { type: "enabled", budget_tokens: 1024 }, max_tokens: 2000 };
  const answer = await ask(script, "reasoning=64", body);
  assert.equal(answer.content[0].type, "thinking");
  assert.equal(answer.usage.output_tokens, 84);
  checkUsage(answer.usage, await script.bill());
});

test("raw response", async () => {
  const script = new Script();
  const { data, response } = await ask(script).withResponse();
  assert.equal(data.content[0].text, words(20));
  assert.ok(response.headers.get("request-id").startsWith("req_"));
  if (!governed) return;
  const bill = await script.bill();
  assert.ok(response.headers.get("x-reins-transaction-id").startsWith("txn_"));
  assert.equal(response.headers.get("x-reins-tokens-out"), String(bill.usage.output));
  assert.equal(Number(response.headers.get("x-reins-cost")), Number(bill.rounded_usd));
});

test("many at once", async () => {
  const script = new Script();
  const client = anthropic();
  const counts = Array.from({ length: 40 }, (_, index) => index + 1);
  const calls = counts.map((count) => ask(script, `output=${count} latency_ms=20`, {}, client));
  const answers = await Promise.all(calls);
  assert.deepEqual(answers.map((answer) => answer.usage.output_tokens), counts);
  assert.equal((await script.bills()).length, 40);
});

test("counting is free", async () => {
  const script = new Script();
  const counted = await anthropic().messages.countTokens(
    { model: MODEL, messages: hello },
    script.steer(),
  );
  assert.ok(counted.input_tokens > 0);
  await script.nothingBilled();
});

for (const [status, error] of [
  [400, Anthropic.BadRequestError],
  [401, Anthropic.AuthenticationError],
  [403, Anthropic.PermissionDeniedError],
  [404, Anthropic.NotFoundError],
  [429, Anthropic.RateLimitError],
  [500, Anthropic.InternalServerError],
  [503, Anthropic.InternalServerError],
  [529, Anthropic.InternalServerError],
]) {
  test(`the vendor answers ${status}`, async () => {
    const script = new Script();
    const fault = await ask(script, `status=${status}`).catch((fault) => fault);
    assert.ok(fault instanceof error, `${fault}`);
    assert.equal(fault.status, status);
    if (governed && status >= 500) {
      assert.equal(fault.headers.get("x-reins-retry-count"), "1");
    }
    const retry = status === 429 || status >= 500 ? "true" : null;
    assert.equal(fault.headers.get("x-should-retry"), retry);
    await script.nothingBilled();
  });
}

for (const status of [429, 500, 529]) {
  test(`a retry after ${status} is not charged twice`, async () => {
    const script = new Script();
    const client = anthropic({ maxRetries: 2 });
    const answer = await ask(script, `status=${status} fail_times=1 retry_after=0`, {}, client);
    assert.equal(answer.content[0].text, words(20));
    assert.equal((await script.bill()).usage.output, 20);
  });
}

for (const stream of [false, true]) {
  test(`giving up on a ${stream ? "stream" : "whole answer"} is not free`, async () => {
    const script = new Script();
    const client = anthropic({ timeout: 150 });
    const fault = await ask(script, "latency_ms=600", { stream }, client).catch((fault) => fault);
    assert.ok(fault instanceof Anthropic.APIConnectionTimeoutError, `${fault}`);
    assert.equal((await script.bill()).usage.output, 20);
  });
}

for (let events = 0; events <= EVENTS; events++) {
  test(`leaving a stream after ${events} events`, async () => {
    const script = new Script();
    const stream = await ask(script, "gap_ms=3 chunks=10", { stream: true });
    const iterator = stream[Symbol.asyncIterator]();
    for (let seen = 0; seen < events; seen++) await iterator.next();
    stream.controller.abort();
    assert.equal((await script.bill()).usage.output, 20);
  });
}
