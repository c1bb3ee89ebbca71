// A sign-in provider for tests: whoever logs in is who they say; `unverified@…` has an address nobody checked.
// node oidc_provider.mjs <path of the oidc-provider package> <port> <redirect uri>
import { pathToFileURL } from "node:url";

const [, , folder, port, redirectUri] = process.argv;
const { default: Provider } = await import(pathToFileURL(`${folder}/lib/index.js`).href);

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{ client_id: "switchboard", client_secret: "a-secret-for-tests", redirect_uris: [redirectUri] }],
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
  pkce: { required: () => true },
  features: { devInteractions: { enabled: true } },
  async findAccount(_context, id) {
    const email = id.replace(/^again-/, "");
    return { accountId: id, claims: async () => ({ sub: id, email, email_verified: !email.startsWith("unverified"), name: "Noor Haddad" }) };
  },
});

provider.listen(Number(port), "127.0.0.1");
