// How a judge and the test that started it speak: the judge reads its task as the first line of stdin, prints the authorization URL that
// a customer is to open, and reads from the next line where the customer's browser was sent in the end.
import { createInterface } from 'node:readline';

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

async function line() {
  const { value, done } = await lines.next();
  if (done) throw new Error('the test said nothing more');
  return value;
}

/** The task: issuer, client_id, client_secret or key (of a client that signs and pushes its requests), auth, redirect_uri, audience, rotates. */
export async function task() {
  return JSON.parse(await line());
}

/** A client's key, as the libraries take it; and one that only says that it is the client's. */
export async function signingKey({ kid, ...jwk }) {
  const curve = { name: 'ECDSA', namedCurve: 'P-256' };
  const forged = await crypto.subtle.generateKey(curve, false, ['sign']);
  return [{ kid, key: await crypto.subtle.importKey('jwk', jwk, curve, false, ['sign']) }, { kid, key: forged.privateKey }];
}

/** Sends the customer to an authorization URL, and gives the URL with which the customer came back. */
export async function visit(url) {
  console.log(String(url));
  return new URL(await line());
}

/** Ends well. Everything that throws before ends badly. */
export function done() {
  console.log('judged');
  process.exit(0);
}
