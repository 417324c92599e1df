// openid-client is what applications on Node.js use: oauth4webapi with its checks already put together.
import assert from 'node:assert/strict';
import * as client from 'openid-client';
import { done, signingKey, task, visit } from './play.mjs';

const t = await task();
const [key, forged] = t.key ? await signingKey(t.key) : [];
const secret = {
  basic: client.ClientSecretBasic, post: client.ClientSecretPost, none: () => client.None(), key: () => client.PrivateKeyJwt(key),
}[t.auth](t.client_secret);
const config = await client.discovery(new URL(t.issuer), t.client_id, undefined, secret, {
  algorithm: 'oauth2', execute: [client.allowInsecureRequests],
});
assert(config.serverMetadata().supportsPKCE(), 'PKCE with S256 is not announced');

const verifier = client.randomPKCECodeVerifier();
const state = client.randomState();
const build = t.key ? client.buildAuthorizationUrlWithPAR : client.buildAuthorizationUrl;
const authorize = await build(config, {
  redirect_uri: t.redirect_uri, state, code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
});
const first = await client.authorizationCodeGrant(config, await visit(authorize), { pkceCodeVerifier: verifier, expectedState: state });
assert(first.expiresIn() >= 359, 'Alexa asks for at least 360 s'); // it counts from when the answer came
if (t.key) {
  const forger = new client.Configuration(config.serverMetadata(), t.client_id, undefined, client.PrivateKeyJwt(forged));
  client.allowInsecureRequests(forger);
  await assert.rejects(client.tokenIntrospection(forger, first.access_token), (e) => e.status === 401 || e.cause?.status === 401, 'a forged signature is taken');
}
const second = await client.refreshTokenGrant(config, first.refresh_token);
assert.notEqual(second.access_token, first.access_token, 'a refresh gives the same access token again');
const current = second.refresh_token ?? first.refresh_token;
assert.equal(current !== first.refresh_token, t.rotates, 'rotation is not as agreed');

const active = async (token) => (await client.tokenIntrospection(config, token)).active;
if (t.auth !== 'none') assert.equal(await active(second.access_token), true, 'a new access token is not active');
await client.tokenRevocation(config, current);
if (t.auth !== 'none') assert.equal(await active(second.access_token), false, 'revoked, and still active');
await assert.rejects(client.refreshTokenGrant(config, current), (e) => e instanceof client.ResponseBodyError && e.error === 'invalid_grant');
done();
