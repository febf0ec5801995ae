// What a suite runs against, and what the vendor says about it afterwards.

import { strict as assert } from "node:assert";
import { Agent, get } from "node:http";

import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";

const URL = process.env.STAGE_URL;
const VENDOR = process.env.STAGE_VENDOR;
const KEY = process.env.STAGE_KEY;
const PATIENCE_MS = 60_000;

export const governed = process.env.STAGE_GOVERNED === "1";
export const url = URL;
export const hello = [{ role: "user", content: "Say hello." }];

// The clients as a user makes them: base URL and key are all that changes.
export const openai = (options = {}) =>
  new OpenAI({ baseURL: `${URL}/v1`, apiKey: KEY, maxRetries: 0, ...options });
export const anthropic = (options = {}) =>
  new Anthropic({ baseURL: URL, apiKey: KEY, maxRetries: 0, ...options });

// A red dot, 5 pixels square.
export const png =
  "iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4//8/w38GIAXDIBKE0DHxgljNBAAO" +
  "9TXL0Y4OHwAAAABJRU5ErkJggg==";

const WORDS = ["Hello", " from", " the", " pretend", " vendor", ",", " café", " and"].concat(
  [" 東京", " say", " yes", " 🦀", " to", " every", " call", "."],
);

// What the vendor answers with: one word, one token.
export const words = (count) =>
  Array.from({ length: count }, (_, index) => WORDS[index % WORDS.length]).join("");

// Connections of our own, none kept: a test's process ends when its tests have.
const agent = new Agent({ keepAlive: false });

export const vendorSays = (path) =>
  new Promise((resolve, reject) => {
    get(`${VENDOR}${path}`, { agent }, async (answer) => {
      let text = "";
      for await (const piece of answer.setEncoding("utf8")) text += piece;
      resolve(JSON.parse(text));
    }).on("error", reject);
  });

// Asks until the answer is enough; the last answer, when patience ends.
export async function until(ask, enough) {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const answer = await ask();
    if (enough(answer) || Date.now() > deadline) return answer;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

// One test's calls at the vendor: how they are steered, and what was billed for them.
export class Script {
  static #next = 0;

  constructor() {
    this.tag = `node-${process.pid}-${Script.#next++}`;
  }

  // The request options that tell the vendor what to do.
  steer(steps = "", headers = {}) {
    return { headers: { "x-test-script": `id=${this.tag} ${steps}`.trim(), ...headers } };
  }

  async bills() {
    const { last } = await vendorSays("/books?last=10000");
    return last.filter((entry) => entry.tag === this.tag);
  }

  // The one call that was billed, once it was.
  async bill() {
    const bills = await until(() => this.bills(), (bills) => bills.length > 0);
    assert.equal(bills.length, 1, `billed ${bills.length} times`);
    return bills[0];
  }

  async nothingBilled() {
    assert.deepEqual(await this.bills(), []);
  }
}

export async function collect(stream) {
  const events = [];
  for await (const event of stream) events.push(event);
  return events;
}
