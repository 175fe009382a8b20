// Signs and verifies with npm standardwebhooks what it reads as JSON from its input; bodies are base64.
import { readFileSync } from "node:fs";
import { Webhook, WebhookVerificationError } from "standardwebhooks";

const asked = JSON.parse(readFileSync(0, "utf-8"));

const held = ({ secret, headers, body }) => {
  try {
    new Webhook(secret).verify(Buffer.from(body, "base64"), headers);
    return true;
  } catch (error) {
    if (error instanceof WebhookVerificationError) return false;
    if (error instanceof SyntaxError) return true; // the signature held; the body is just not JSON
    throw error;
  }
};

const signed = ({ secret, id, timestamp, body }) =>
  new Webhook(secret).sign(id, new Date(timestamp * 1000), Buffer.from(body, "base64"));

console.log(JSON.stringify({ held: asked.verify.map(held), signed: asked.sign.map(signed) }));
