// npm @opengovsg/mockpass on loopback: a stand-in for Singpass and Corppass that nobody here wrote.
//
//   node server.mjs < settings.json
//
// Settings: {jwks: the public keys of the application, which proves itself with one and has identity tokens encrypted
// to another}. Prints {"url": ...} when it listens, and nothing more: mockpass logs tokens.
import { readFileSync } from 'node:fs';

const settings = JSON.parse(readFileSync(0, 'utf8'));
const say = process.stdout.write.bind(process.stdout);
process.stdout.write = () => true;
for (const name of ['debug', 'error', 'info', 'log', 'warn']) console[name] = () => {};
// It reads files and variables of the folder it is started from.
const { app } = (await import('@opengovsg/mockpass')).default;

app.get('/application/jwks', (request, response) => response.json(settings.jwks));
const server = app.listen(0, '127.0.0.1', () => {
  const url = `http://127.0.0.1:${server.address().port}`;
  process.env.SP_RP_JWKS_ENDPOINT = process.env.CP_RP_JWKS_ENDPOINT = `${url}/application/jwks`;
  say(JSON.stringify({ url }) + '\n');
});
