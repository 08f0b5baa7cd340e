// The vendors' own SDKs behind one pipe: a line of JSON in, {"sdk", "op", …}, a line of JSON out,
// {"value"} or {"refused"}. Which of them signs and which only judges is as their packages are.
// Run from the directory that has node_modules: build/sdk (see tools/sdk).
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const require = createRequire(pathToFileURL(process.cwd() + '/').href);

const { Webhook: StandardWebhook } = require('standardwebhooks');
const { Webhook: SvixWebhook } = require('svix');
const Stripe = require('stripe');
const twilio = require('twilio/lib/webhooks/webhooks');
const { hmacValidator: AdyenValidator } = require('@adyen/api-library');
const { verifySlackRequest } = require('@slack/bolt/dist/receivers/verify-request.js');
const { WebhooksHelper } = require('square');
const { Signature: HubSpot } = require('@hubspot/api-client');

// These are modules of the new kind alone.
const load = (name) => import(pathToFileURL(require.resolve(name)).href);
const octokit = await import(pathToFileURL(process.cwd() + '/node_modules/@octokit/webhooks-methods/dist-node/index.js').href)
  .catch(() => load('@octokit/webhooks-methods'));
const { Paddle } = await load('@paddle/paddle-node-sdk');
require('@shopify/shopify-api/adapters/node');
const { shopifyApi, ApiVersion, LogSeverity } = require('@shopify/shopify-api');

const stripe = new (Stripe.default ?? Stripe)('sk_test_none');
const adyen = new (AdyenValidator.default ?? AdyenValidator)();
const holds = (is) => {
  if (!is) throw new Error('not valid');
  return true;
};

const sdks = {
  standardwebhooks: {
    sign: (r) => new StandardWebhook(r.secret).sign(r.id, new Date(r.time * 1000), r.body),
    verify: (r) => new StandardWebhook(r.secret).verify(r.body, r.headers),
  },
  svix: {
    sign: (r) => new SvixWebhook(r.secret).sign(r.id, new Date(r.time * 1000), r.body),
    verify: (r) => new SvixWebhook(r.secret).verify(r.body, r.headers),
  },
  stripe: {
    sign: (r) => stripe.webhooks.generateTestHeaderString({ payload: r.body, secret: r.secret, timestamp: r.time }),
    verify: (r) => stripe.webhooks.constructEvent(r.body, r.signature, r.secret),
  },
  octokit: {
    sign: (r) => octokit.sign(r.secret, r.body),
    verify: async (r) => holds(await octokit.verify(r.secret, r.body, r.signature)),
  },
  twilio: {
    sign: (r) => twilio.getExpectedTwilioSignature(r.secret, r.url, r.params),
    verify: (r) => holds(r.params === null
      ? twilio.validateRequestWithBody(r.secret, r.signature, r.url, r.body)
      : twilio.validateRequest(r.secret, r.signature, r.url, r.params)),
    hash: (r) => twilio.getExpectedBodyHash(r.body),
  },
  adyen: {
    sign: (r) => adyen.calculateHmac(r.item, r.secret),
    verify: (r) => holds(adyen.validateHMAC(r.item, r.secret)),
  },
  slack: {
    verify: (r) => verifySlackRequest({ signingSecret: r.secret, body: r.body, headers: r.headers }) ?? true,
  },
  square: {
    verify: async (r) => holds(await WebhooksHelper.verifySignature({
      requestBody: r.body, signatureHeader: r.signature, signatureKey: r.secret, notificationUrl: r.url,
    })),
  },
  paddle: {
    verify: async (r) => holds(await new Paddle('none').webhooks.isSignatureValid(r.body, r.secret, r.signature)),
  },
  shopify: {
    verify: async (r) => {
      const api = shopifyApi({
        apiKey: 'none', apiSecretKey: r.secret, scopes: [], hostName: 'shop.example', isEmbeddedApp: false,
        apiVersion: Object.values(ApiVersion).at(-1), logger: { level: LogSeverity.Error, log: () => {} },
      });
      const rawRequest = { method: 'POST', url: '/', headers: r.headers };
      const answer = await api.webhooks.validate({ rawBody: r.body, rawRequest });
      return holds(answer.valid);
    },
  },
  hubspot: {
    verify: (r) => holds(HubSpot.isValid({
      signatureVersion: r.version, signature: r.signature, clientSecret: r.secret, requestBody: r.body,
      url: r.url, method: r.method, timestamp: r.timestamp,
    })),
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  let answer;
  try {
    answer = { value: (await sdks[request.sdk][request.op](request)) ?? true };
  } catch (refusal) {
    answer = { refused: String(refusal?.message ?? refusal).split('\n')[0] };
  }
  process.stdout.write(JSON.stringify(answer) + '\n');
}
