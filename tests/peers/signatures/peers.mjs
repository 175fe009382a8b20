// Two implementations of RFC 9421 for Node, asked in JSON lines: the first line brings keys and the time, each other
// line one question, and the answer is one line with the word of both. usage: node peers.mjs FOLDER-OF-NODE_MODULES
//
// Neither knows Content-Digest: it is computed here, with Node's own hash.
import crypto from "node:crypto";
import { createRequire } from "node:module";
import readline from "node:readline";

const require = createRequire(`${process.argv[2]}/`);
const dhensby = require("http-message-signatures");
const cloudflare = require("http-message-sig");

const PARAMETERS = ["created", "expires", "nonce", "keyid", "alg", "tag"];
const SALT = { padding: crypto.constants.RSA_PKCS1_PSS_PADDING, saltLength: 64 };
const WEB = { ed25519: { name: "Ed25519" }, "rsa-pss-sha512": { name: "RSA-PSS", hash: "SHA-512" } };

const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const { now, keys: given } = JSON.parse((await lines.next()).value);
Date.now = () => now * 1000; // dhensby takes its time from nowhere else
const keys = new Map();
for (const key of given) keys.set(key.keyid, { ...key, ...(await prepared(key)) });

async function prepared({ algorithm, secret, pem }) {
  if (secret) {
    const bytes = Buffer.from(secret, "base64");
    const hmac = (data) => crypto.createHmac("sha256", bytes).update(data).digest();
    return {
      private: bytes,
      public: bytes,
      signer: { algorithm, sign: hmac },
      verifier: { algorithm, verify: (data, signature) => hmac(data).equals(Buffer.from(signature)) },
    };
  }
  const secretKey = crypto.createPrivateKey(pem);
  const publicKey = crypto.createPublicKey(pem);
  if (!WEB[algorithm]) {
    const fixed = (key) => ({ key, dsaEncoding: "ieee-p1363" });
    return {
      private: secretKey,
      public: publicKey,
      signer: { algorithm, sign: (data) => crypto.sign("sha256", data, fixed(secretKey)) },
      verifier: { algorithm, verify: (data, signature) => crypto.verify("sha256", data, fixed(publicKey), signature) },
    };
  }
  const pkcs8 = secretKey.export({ type: "pkcs8", format: "der" });
  const spki = publicKey.export({ type: "spki", format: "der" });
  const web = cloudflare.webcrypto;
  return {
    private: secretKey,
    public: publicKey,
    signer: web.signer(await crypto.subtle.importKey("pkcs8", pkcs8, WEB[algorithm], false, ["sign"])),
    verifier: web.verifier(await crypto.subtle.importKey("spki", spki, WEB[algorithm], false, ["verify"])),
  };
}

function digestHolds({ headers, body }) {
  const bytes = Buffer.from(body, "base64");
  if (bytes.length === 0) return headers["content-digest"] === undefined;
  return headers["content-digest"] === `sha-256=:${crypto.createHash("sha256").update(bytes).digest("base64")}:`;
}

// What each library calls a message.
const fields = (headers) => Object.entries(headers).map(([name, value]) => ({ name, value }));
const described = (message) =>
  message.status
    ? { kind: "response", status: message.status, fields: fields(message.headers), request: described(message.request) }
    : { kind: "request", method: message.method, targetUri: message.url, fields: fields(message.headers) };
const plain = ({ method, url, status, headers }) => (status ? { status, headers } : { method, url, headers });
const parsed = (component) => {
  const [name, ...flags] = component.split(";");
  const pairs = flags.map((flag) => flag.split("=")).map(([key, value]) => [key, value ? value.slice(1, -1) : true]);
  return { name: name.slice(1, -1), parameters: Object.fromEntries(pairs) };
};
// dhensby puts the name into quotes itself, unless there are quotes already.
const named = (component) => (component.includes(";") ? component : component.slice(1, -1));

const libraries = {
  dhensby: {
    async sign({ message, components, parameters, own }) {
      const key = keys.get(parameters.keyid);
      const made = dhensby.createSigner(key.private, key.algorithm, key.keyid);
      // Its own RSA-PSS takes the longest salt there is; RFC 9421 section 3.3.1 says 64 bytes.
      if (key.algorithm === "rsa-pss-sha512" && !own)
        made.sign = async (data) => crypto.sign("sha512", data, { key: key.private, ...SALT });
      const { created, expires, ...others } = parameters;
      const times = { created: new Date(created * 1000), expires: new Date(expires * 1000) };
      const config = {
        key: made, name: "egov", params: PARAMETERS, fields: components.map(named), paramValues: { ...others, ...times },
      };
      const { headers } = await dhensby.httpbis.signMessage(config, plain(message), message.request);
      return { input: headers["Signature-Input"], signature: headers["Signature"] };
    },
    async verify({ message, components }) {
      const config = {
        requiredParams: PARAMETERS,
        requiredFields: components.map((component) => parsed(component).name),
        maxAge: 300,
        tolerance: 30,
        notAfter: now + 30,
        keyLookup: async ({ keyid }) => {
          const key = keys.get(keyid);
          if (!key) return null;
          return { id: keyid, algs: [key.algorithm], verify: dhensby.createVerifier(key.public, key.algorithm) };
        },
      };
      return (await dhensby.httpbis.verifyMessage(config, plain(message), message.request)) === true;
    },
  },
  cloudflare: {
    async sign({ message, components, parameters }) {
      const { signer } = keys.get(parameters.keyid);
      const options = { label: "egov", components: components.map(parsed), parameters, signer };
      const { signatureInput, signature } = await cloudflare.createSignature(described(message), options);
      return { input: signatureInput, signature };
    },
    async verify({ message, components, algorithm }) {
      const policy = {
        algorithms: [algorithm],
        requiredComponents: components.map(parsed),
        requiredParameters: PARAMETERS,
        maxAge: 300,
        clockSkew: 30,
        now,
      };
      const resolveVerifier = ({ parameters }) => keys.get(parameters.keyid).verifier;
      await cloudflare.verifySignature(described(message), { label: "egov", policy, resolveVerifier });
      return true;
    },
  },
};

for await (const line of lines) {
  const question = JSON.parse(line);
  const answer = {};
  for (const [name, library] of Object.entries(libraries)) {
    try {
      if (question.ask === "sign") answer[name] = await library.sign(question);
      else answer[name] = digestHolds(question.message) ? await library.verify(question) : false;
    } catch (error) {
      answer[name] = { refused: `${error.code ?? error.name}: ${error.message}` };
    }
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
