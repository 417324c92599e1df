// oidc-provider as an authorization server that keeps everything in memory. It signs access tokens as Sotto does (RFC 9068, ES256, no id_token).
// Its one client is "stable", which proves itself with a secret and keeps its refresh token, or "rotating", which is public and gets another at each
// refresh. Prints "name value" lines, refresh tokens among them, and "ready".
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const [clientId, secret, links] = process.argv.slice(2);
const stable = clientId === 'stable';
const server = createServer();
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const issuer = `http://127.0.0.1:${server.address().port}`;
const resource = 'urn:api', scope = 'balances spending';

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const provider = new Provider(issuer, {
  clients: [{
    client_id: clientId, redirect_uris: ['http://127.0.0.1/callback'], grant_types: ['authorization_code', 'refresh_token'],
    id_token_signed_response_alg: 'ES256',
    ...(stable ? { client_secret: secret } : { token_endpoint_auth_method: 'none', application_type: 'native' }),
  }],
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig', kid: '1' }] },
  features: {
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true, defaultResource: () => resource, useGrantedResource: () => true,
      getResourceServerInfo: () => ({ scope, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'ES256' } } }),
    },
  },
  findAccount: (_, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
  rotateRefreshToken: !stable,
  ttl: { AccessToken: 3600, RefreshToken: 86400, Grant: 86400 },
});
server.on('request', provider.callback());

console.log('url', issuer);
const tokens = [];
for (let i = 0; i < Number(links); i++) {
  const accountId = `customer-${i}`;
  const grant = new provider.Grant({ accountId, clientId });
  grant.addResourceScope(resource, scope);
  const token = new provider.RefreshToken({
    accountId, client: await provider.Client.find(clientId), grantId: await grant.save(), scope, resource, gty: 'authorization_code',
  });
  tokens.push(await token.save());
}
console.log('tokens', ...tokens);
console.log('ready');
