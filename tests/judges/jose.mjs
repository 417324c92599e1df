// jose checks our access tokens as any resource server would: with nothing but the metadata, the published keys and RFC 9068.
import assert from 'node:assert/strict';
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { done, task } from './play.mjs';

const t = await task();
const metadata = await (await fetch(`${t.issuer}/.well-known/oauth-authorization-server`)).json();
const { keys } = await (await fetch(metadata.jwks_uri)).json();
assert(keys.length > 0, 'no keys');
for (const key of keys) {
  assert.equal(key.d, undefined, 'a private key is published');
  assert.equal(key.use, 'sig', 'a key without its use');
  assert.equal(key.alg, 'ES256', 'a key without its algorithm');
  assert(key.kid, 'a key without a name');
}
assert.equal(new Set(keys.map((key) => key.kid)).size, keys.length, 'two keys of one name');
assert(decodeProtectedHeader(t.access_token).kid, 'a token that does not name its key');
const { payload } = await jwtVerify(t.access_token, createRemoteJWKSet(new URL(metadata.jwks_uri)), {
  algorithms: ['ES256'], typ: 'at+jwt', issuer: metadata.issuer, audience: t.audience, maxTokenAge: '1h',
  requiredClaims: ['iss', 'exp', 'aud', 'sub', 'client_id', 'iat', 'jti', 'scope'],
});
assert.equal(payload.iss, t.issuer);
assert.equal(payload.client_id, t.client_id);
assert.deepEqual([payload.aud].flat(), [t.audience], 'good for more than one audience');
done();
