// npm oidc-provider on loopback: an authorization server that nobody here wrote.
//
//   node server.mjs < settings.json
//
// Settings: {clients, ttl (seconds of an access token), nonce (DPoP proofs need one), token (path of the token endpoint),
// tls: {key, cert, ca}}. Prints {"issuer": ...} when it listens. Control, for tests alone:
//   POST /control/fail?times=N&status=S   the next N token requests are answered so
//   POST /control/rotate                  other signing keys from now on
//   GET  /control/calls                   how often the token endpoint was asked
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';

import { exportJWK, generateKeyPair } from 'jose';
import Provider, { errors } from 'oidc-provider';

const settings = JSON.parse(readFileSync(0, 'utf8'));
const tls = settings.tls;
const tokenPath = settings.token ?? '/token';
const nonceSecret = randomBytes(32);
let calls = 0;
let failing = { times: 0, status: 503 };
let handle = null;

async function signingKeys() {
  const keys = [];
  for (const alg of ['ES256', 'RS256']) {
    const { privateKey } = await generateKeyPair(alg, { extractable: true });
    keys.push({ ...(await exportJWK(privateKey)), alg, use: 'sig', kid: randomBytes(8).toString('hex') });
  }
  return { keys };
}

const certificate = (ctx) => (tls ? ctx.socket.getPeerX509Certificate() : undefined);

async function provider(issuer) {
  const made = new Provider(issuer, {
    clients: settings.clients,
    jwks: await signingKeys(),
    routes: { token: tokenPath },
    clientAuthMethods: [
      ...['private_key_jwt', 'client_secret_basic', 'client_secret_post', 'none'],
      ...(tls ? ['tls_client_auth'] : []),
    ],
    enabledJWA: {
      clientAuthSigningAlgValues: ['ES256', 'PS256', 'EdDSA', 'Ed25519'],
      dPoPSigningAlgValues: ['ES256'],
      idTokenSigningAlgValues: ['ES256', 'RS256'],
      idTokenEncryptionAlgValues: ['ECDH-ES+A256KW', 'RSA-OAEP-256'],
      userinfoEncryptionAlgValues: ['ECDH-ES+A256KW', 'RSA-OAEP-256'],
      userinfoSigningAlgValues: ['ES256'],
    },
    scopes: ['openid', 'offline_access', 'complaints:read', 'complaints:write'],
    ttl: { ClientCredentials: settings.ttl ?? 600, AccessToken: settings.ttl ?? 600, RefreshToken: 86400 },
    rotateRefreshToken: true,
    pkce: { required: () => true },
    subjectTypes: ['public', 'pairwise'],
    pairwiseIdentifier: (ctx, id, client) => createHash('sha256').update(`${client.clientId} ${id}`).digest('hex'),
    claims: { openid: ['sub', 'name'] },
    findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id, name: `Name of ${id}` }) }),
    features: {
      clientCredentials: { enabled: true },
      deviceFlow: { enabled: true },
      dPoP: { enabled: true, nonceSecret, requireNonce: () => settings.nonce === true },
      introspection: { enabled: true },
      revocation: { enabled: true },
      pushedAuthorizationRequests: { enabled: true },
      encryption: { enabled: true },
      jwtUserinfo: { enabled: true },
      mTLS: {
        enabled: tls !== undefined,
        certificateBoundAccessTokens: true,
        tlsClientAuth: true,
        getCertificate: certificate,
        certificateAuthorized: (ctx) => ctx.socket.authorized,
        certificateSubjectMatches: (ctx, property, expected) =>
          property === 'tls_client_auth_subject_dn' && certificate(ctx).subject === expected,
      },
      resourceIndicators: {
        enabled: true,
        // A token with an audience of its own is none for userinfo, which people's clients ask.
        defaultResource: (ctx, client) => (client.scope?.split(' ').includes('openid') ? undefined : `${issuer}/v1`),
        useGrantedResource: () => true,
        getResourceServerInfo: (ctx, resource) => {
          if (![`${issuer}/v1`, `${issuer}/reports`].includes(resource)) throw new errors.InvalidTarget();
          return {
            scope: 'complaints:read complaints:write',
            audience: resource,
            accessTokenFormat: 'jwt',
            accessTokenTTL: settings.ttl ?? 600,
            jwt: { sign: { alg: 'ES256' } },
          };
        },
      },
    },
  });
  return made.callback();
}

async function serve(request, response) {
  const url = new URL(request.url, 'http://localhost');
  const say = (document) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(document));
  };
  if (url.pathname === '/control/calls') return say({ calls });
  if (url.pathname === '/control/fail') {
    failing = { times: Number(url.searchParams.get('times')), status: Number(url.searchParams.get('status') ?? 503) };
    return say({});
  }
  if (url.pathname === '/control/rotate') {
    handle = await provider(issuer);
    return say({});
  }
  if (url.pathname === tokenPath) {
    calls += 1;
    if (failing.times > 0) {
      failing.times -= 1;
      response.writeHead(failing.status, { 'content-type': 'text/html' });
      return response.end('<h1>not now</h1>');
    }
  }
  return handle(request, response);
}

let issuer = '';
const server = tls
  ? https.createServer({ ...tls, requestCert: true, rejectUnauthorized: false }, serve)
  : http.createServer(serve);
server.listen(0, '127.0.0.1', async () => {
  issuer = `${tls ? 'https' : 'http'}://${tls ? 'localhost' : '127.0.0.1'}:${server.address().port}`;
  handle = await provider(issuer);
  process.stdout.write(JSON.stringify({ issuer }) + '\n');
});
