// npm's oidc-provider, which is certified by the OpenID Foundation, with one client and people who need no password:
//
//     node server.mjs FOLDER PORT, with CLIENT_ID, CLIENT_SECRET and REDIRECT_URI in the environment
//
// FOLDER has the node_modules. Whoever logs in as "bob@example.com" has that subject and that address; as "any words
// bob@example.com", that subject and the address at its end; and after "unverified" the provider vouches for no address.
// Keys are new at each start.
import { generateKeyPairSync } from 'node:crypto'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const [folder, port] = process.argv.slice(2)
const { CLIENT_ID, CLIENT_SECRET, REDIRECT_URI } = process.env
const found = createRequire(`${folder}/package.json`).resolve('oidc-provider')
const { Provider } = await import(pathToFileURL(found))

const claimsOf = (login) => ({
  sub: login,
  email: login.split(' ').at(-1),
  email_verified: !login.startsWith('unverified '),
  name: 'Bob of the provider',
})

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{ client_id: CLIENT_ID, client_secret: CLIENT_SECRET, redirect_uris: [REDIRECT_URI] }],
  claims: { email: ['email', 'email_verified'], profile: ['name'] },
  cookies: { keys: ['only for tests'] },
  findAccount: (_context, login) => ({ accountId: login, claims: () => claimsOf(login) }),
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), use: 'sig' }] },
  pkce: { required: () => true },
})
provider.use(async (context, next) => {
  await next()
  // Its pages fetch a font from elsewhere.
  if (typeof context.body === 'string') context.body = context.body.replace(/@import .*/, '')
})
provider.listen(Number(port), '127.0.0.1')
