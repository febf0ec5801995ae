// OpenAI's Node client, unchanged but for base URL and key.

import { strict as assert } from "node:assert";
import { test } from "node:test";

import OpenAI from "openai";

import { Script, collect, governed, hello, openai, png, words } from "./stage.mjs";

const EVENTS = 12;
const tools = [
  {
    type: "function",
    function: {
      name: "weather_of",
      parameters: { type: "object", properties: { city: { type: "string" } } },
    },
  },
];

const ask = (script, steps = "", body = {}, client = openai()) =>
  client.chat.completions.create(
    { model: "gpt-4o-mini", messages: hello, ...body },
    script.steer(steps),
  );

const textOf = (chunks) =>
  chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join("");

// The client's usage is what the vendor billed.
function checkUsage(usage, { usage: tokens }) {
  const prompt = tokens.input + tokens.cached + tokens.cache_write_5m;
  assert.equal(usage.prompt_tokens, prompt);
  assert.equal(usage.completion_tokens, tokens.output);
  assert.equal(usage.prompt_tokens_details.cached_tokens, tokens.cached);
  assert.equal(usage.completion_tokens_details.reasoning_tokens, tokens.reasoning);
}

test("whole", async () => {
  const script = new Script();
  const answer = await ask(script);
  assert.equal(answer.choices[0].message.content, words(20));
  assert.equal(answer.id, (await script.bill()).id);
  checkUsage(answer.usage, await script.bill());
});

test("stream without usage", async () => {
  const script = new Script();
  const chunks = await collect(await ask(script, "", { stream: true }));
  assert.equal(textOf(chunks), words(20));
  assert.equal(chunks.length, EVENTS);
  assert.ok(chunks.every((chunk) => chunk.choices.length === 1 && !("usage" in chunk)));
  assert.equal((await script.bill()).usage.output, 20);
});

test("stream with usage", async () => {
  const script = new Script();
  const body = { stream: true, stream_options: { include_usage: true } };
  const chunks = await collect(await ask(script, "", body));
  assert.equal(textOf(chunks), words(20));
  assert.deepEqual(chunks.at(-1).choices, []);
  checkUsage(chunks.at(-1).usage, await script.bill());
});

test("stream helper", async () => {
  const script = new Script();
  const stream = openai().chat.completions.stream(
    { model: "gpt-4o", messages: hello },
    script.steer("output=33"),
  );
  assert.equal(await stream.finalContent(), words(33));
  assert.equal((await script.bill()).usage.output, 33);
});

for (const wire of ["split=1", "crlf=1", "gzip=1", "gzip=1 split=1", "gap_ms=1"]) {
  test(`stream that comes with ${wire}`, async () => {
    const script = new Script();
    const chunks = await collect(await ask(script, wire, { stream: true }));
    assert.equal(textOf(chunks), words(20));
    assert.equal((await script.bill()).usage.output, 20);
  });
}

test("tool", async () => {
  const script = new Script();
  const answer = await ask(script, "tool=1", { tools });
  const [call] = answer.choices[0].message.tool_calls;
  assert.equal(call.function.name, "weather_of");
  assert.deepEqual(JSON.parse(call.function.arguments), { city: "Paris" });
  checkUsage(answer.usage, await script.bill());
});

test("tool in a stream", async () => {
  const script = new Script();
  const chunks = await collect(await ask(script, "tool=1", { tools, stream: true }));
  const calls = chunks.flatMap((chunk) => chunk.choices[0].delta.tool_calls ?? []);
  const text = calls.map((call) => call.function.arguments).join("");
  assert.deepEqual(JSON.parse(text), { city: "Paris" });
  assert.equal((await script.bill()).usage.output, 20);
});

for (const address of [`data:image/png;base64,${png}`, "https://example.com/cat.png"]) {
  test(`vision, ${address.slice(0, 5)}`, async () => {
    const script = new Script();
    const content = [
      { type: "text", text: "What is this?" },
      { type: "image_url", image_url: { url: address } },
    ];
    const answer = await ask(script, "", { messages: [{ role: "user", content }] });
    checkUsage(answer.usage, await script.bill());
    assert.ok(answer.usage.prompt_tokens > 765);
  });
}

test("long prompt", async () => {
  const script = new Script();
  const content = "Every word of this counts, über alles. ".repeat(10_500);
  const answer = await ask(script, "", { messages: [{ role: "user", content }] });
  checkUsage(answer.usage, await script.bill());
  assert.ok(answer.usage.prompt_tokens > 100_000);
});

test("cached and reasoning", async () => {
  const script = new Script();
  const steps = "input=1500 cached=1024 reasoning=64";
  const answer = await ask(script, steps, { model: "gpt-5-mini" });
  checkUsage(answer.usage, await script.bill());
  assert.equal(answer.usage.prompt_tokens_details.cached_tokens, 1024);
  assert.equal(answer.usage.completion_tokens_details.reasoning_tokens, 64);
});

test("raw response", async () => {
  const script = new Script();
  const { data, response } = await ask(script).withResponse();
  assert.equal(data.choices[0].message.content, words(20));
  assert.ok(response.headers.get("x-request-id").startsWith("req_"));
  if (!governed) return;
  const bill = await script.bill();
  assert.ok(response.headers.get("x-reins-transaction-id").startsWith("txn_"));
  assert.equal(response.headers.get("x-reins-tokens-out"), String(bill.usage.output));
  assert.equal(Number(response.headers.get("x-reins-cost")), Number(bill.rounded_usd));
});

test("many at once", async () => {
  const script = new Script();
  const client = openai();
  const counts = Array.from({ length: 40 }, (_, index) => index + 1);
  const calls = counts.map((count) => ask(script, `output=${count} latency_ms=20`, {}, client));
  const answers = await Promise.all(calls);
  assert.deepEqual(answers.map((answer) => answer.usage.completion_tokens), counts);
  assert.equal((await script.bills()).length, 40);
});

for (const [status, error] of [
  [400, OpenAI.BadRequestError],
  [401, OpenAI.AuthenticationError],
  [403, OpenAI.PermissionDeniedError],
  [404, OpenAI.NotFoundError],
  [429, OpenAI.RateLimitError],
  [500, OpenAI.InternalServerError],
  [503, OpenAI.InternalServerError],
  [529, OpenAI.InternalServerError],
]) {
  test(`the vendor answers ${status}`, async () => {
    const script = new Script();
    const fault = await ask(script, `status=${status}`).catch((fault) => fault);
    assert.ok(fault instanceof error, `${fault}`);
    assert.equal(fault.status, status);
    if (governed && status >= 500) {
      assert.equal(fault.headers.get("x-reins-retry-count"), "1");
    }
    assert.equal(fault.headers.get("x-should-retry"), null);
    await script.nothingBilled();
  });
}

for (const status of [429, 500, 503]) {
  test(`a retry after ${status} is not charged twice`, async () => {
    const script = new Script();
    const client = openai({ maxRetries: 2 });
    const answer = await ask(script, `status=${status} fail_times=1 retry_after=0`, {}, client);
    assert.equal(answer.choices[0].message.content, words(20));
    assert.equal((await script.bill()).usage.output, 20);
  });
}

for (const stream of [false, true]) {
  test(`giving up on a ${stream ? "stream" : "whole answer"} is not free`, async () => {
    const script = new Script();
    const client = openai({ timeout: 150 });
    const fault = await ask(script, "latency_ms=600", { stream }, client).catch((fault) => fault);
    assert.ok(fault instanceof OpenAI.APIConnectionTimeoutError, `${fault}`);
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
