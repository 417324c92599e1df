// oauth4webapi is the strictest client there is: it throws on what deviates from the RFCs, rather than go on. What it leaves to its
// caller is asserted here.
import assert from 'node:assert/strict';
import * as oauth from 'oauth4webapi';
import { done, signingKey, task, visit } from './play.mjs';

const t = await task();
const options = { [oauth.allowInsecureRequests]: true }; // plain http, on loopback
const client = { client_id: t.client_id };
const [key, forged] = t.key ? await signingKey(t.key) : [];
const secret = {
  basic: oauth.ClientSecretBasic, post: oauth.ClientSecretPost, none: () => oauth.None(), key: () => oauth.PrivateKeyJwt(key),
}[t.auth](t.client_secret);

/** It reads JSON under any name. */
function json(response) {
  assert.match(response.headers.get('content-type') ?? '', /^application\/json\b/, 'JSON that is not called JSON');
  return response;
}

const issuer = new URL(t.issuer);
const as = await oauth.processDiscoveryResponse(issuer, json(await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...options })));
assert(as.code_challenge_methods_supported?.includes('S256'), 'PKCE with S256 is not announced');
assert.equal(as.authorization_response_iss_parameter_supported, true, 'iss in responses is not announced');
const method = { none: 'none', key: 'private_key_jwt' }[t.auth] ?? `client_secret_${t.auth}`;
assert(as.token_endpoint_auth_methods_supported?.includes(method), 'the client authentication is not announced');

const verifier = oauth.generateRandomCodeVerifier();
const state = oauth.generateRandomState();
const authorize = new URL(as.authorization_endpoint);
let request = new URLSearchParams({
  response_type: 'code', client_id: t.client_id, redirect_uri: t.redirect_uri, state,
  code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
});
if (t.key) {
  const pushed = await oauth.processPushedAuthorizationResponse(as, client, json(await oauth.pushedAuthorizationRequest(as, client, secret, request, options)));
  assert(pushed.expires_in < 600, 'a pushed request lives for ten minutes or more');
  request = new URLSearchParams({ client_id: t.client_id, request_uri: pushed.request_uri });
}
authorize.search = request;
const callback = oauth.validateAuthResponse(as, client, await visit(authorize), state);
const exchange = () => oauth.authorizationCodeGrantRequest(as, client, secret, callback, t.redirect_uri, verifier, options);
const response = await exchange();
assert.equal(response.headers.get('cache-control'), 'no-store', 'a response with tokens may be stored');
const first = await oauth.processAuthorizationCodeResponse(as, client, json(response));
assert(first.expires_in >= 360, 'Alexa asks for at least 360 s');
assert(first.refresh_token, 'no refresh token');
assert(first.scope, 'no scope');

/** RFC 9068 where the client gets JWTs; where it gets references, they must not look like JWTs. */
async function checkAccess(token) {
  if (!t.audience) return assert.doesNotMatch(token, /^[^.]*\.[^.]*\.[^.]*$/, 'Google refuses what looks like a JWT');
  const request = new Request(t.audience, { headers: { authorization: `Bearer ${token}` } });
  const claims = await oauth.validateJwtAccessToken(as, request, t.audience, { signingAlgorithms: ['ES256'], ...options });
  assert.equal(claims.client_id, t.client_id);
  return claims;
}
const claims = await checkAccess(first.access_token);

/** Who the customer is, to this client: the same as in its tokens. RFC 9728 says where those come from. */
if (claims) {
  const resource = new URL(t.audience.endsWith('/mcp') ? t.audience : t.issuer);
  const described = await oauth.processResourceDiscoveryResponse(resource, json(await oauth.resourceDiscoveryRequest(resource, options)));
  assert(described.authorization_servers?.includes(t.issuer), 'the resource names another authorization server');
  assert.deepEqual(described.bearer_methods_supported, ['header'], 'the resource takes tokens elsewhere than in a header');
}
const person = await oauth.processUserInfoResponse(as, client, claims?.sub ?? oauth.skipSubjectCheck, json(await oauth.userInfoRequest(as, client, first.access_token, options)));
assert.deepEqual(Object.keys(person), ['sub'], 'a client is told more of a person than its own name for him');
await assert.rejects(
  oauth.userInfoRequest(as, client, `${first.access_token}x`, options).then((r) => oauth.processUserInfoResponse(as, client, oauth.skipSubjectCheck, r)),
  (e) => e instanceof oauth.WWWAuthenticateChallengeError && e.cause[0].parameters.error === 'invalid_token', 'a bad token is not challenged');

async function introspect(token) {
  return oauth.processIntrospectionResponse(as, client, json(await oauth.introspectionRequest(as, client, secret, token, options)));
}
async function checkActive(token, active, why) {
  if (t.auth !== 'none') assert.equal((await introspect(token)).active, active, why);
}
async function refused(promise, error) {
  await assert.rejects(promise, (e) => {
    assert(e instanceof oauth.ResponseBodyError, `not an OAuth error: ${e.message}`);
    assert.equal(e.error, error);
    return true;
  });
}
if (t.key) {
  const forgery = oauth.introspectionRequest(as, client, oauth.PrivateKeyJwt(forged), first.access_token, options);
  await assert.rejects(forgery.then((r) => oauth.processIntrospectionResponse(as, client, r)), (e) => e.status === 401 || e.cause?.status === 401, 'a forged signature is taken');
}
if (t.auth === 'none') {
  await assert.rejects(introspect(first.access_token), (e) => e.status === 401 || e.cause?.status === 401, 'a public client may not introspect');
} else {
  const told = await introspect(first.access_token);
  assert.equal(told.active, true, 'a new access token is not active');
  assert.equal(told.client_id, t.client_id);
  assert.equal(told.scope, first.scope);
  assert(told.sub, 'no sub');
  if (claims) assert.equal(told.sub, claims.sub, 'the token and its introspection name two subjects');
}

async function refresh(token, parameters) {
  const answer = await oauth.refreshTokenGrantRequest(as, client, secret, token, { additionalParameters: parameters, ...options });
  return oauth.processRefreshTokenResponse(as, client, json(answer));
}
const second = await refresh(first.refresh_token);
await checkAccess(second.access_token);
assert.notEqual(second.access_token, first.access_token, 'a refresh gives the same access token again');
let current = second.refresh_token ?? first.refresh_token;
if (t.rotates) {
  assert.notEqual(current, first.refresh_token, 'the refresh token of a public client is not rotated');
  const retried = await refresh(first.refresh_token);
  assert.equal(retried.refresh_token, current, 'a retry gives another successor');
} else {
  assert.equal(current, first.refresh_token, 'the refresh token of a confidential client changes');
}
const narrow = await refresh(current, { scope: 'balances' });
assert.equal(narrow.scope, 'balances', 'a refresh gives more than was asked for');
current = narrow.refresh_token ?? current;
await checkActive(first.access_token, true, 'a refresh ends older access tokens');

await oauth.processRevocationResponse(await oauth.revocationRequest(as, client, secret, current, options));
for (const token of [first.access_token, second.access_token, narrow.access_token]) await checkActive(token, false, 'revoked, and still active');
await refused(refresh(current), 'invalid_grant');
await refused(exchange().then((r) => oauth.processAuthorizationCodeResponse(as, client, json(r))), 'invalid_grant');
done();
