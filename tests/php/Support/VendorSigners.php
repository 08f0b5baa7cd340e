<?php

declare(strict_types=1);

namespace Causeway\Tests\Support;

/**
 * Deliveries as each vendor signs them, made with PHP's own functions from the vendors' pages.
 *
 * They are signed with what stands in README.md's lines of configuration once its ellipses are
 * replaced; see keys().
 */
final class VendorSigners
{
    public const URL = 'https://shop.example/hook?x=1';
    private const HMAC = 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
    private const ID = 'msg-1';

    private readonly \OpenSSLAsymmetricKey $p256;
    private readonly \OpenSSLAsymmetricKey $rsa;
    /** @var non-empty-string */
    private readonly string $ed25519;

    public function __construct()
    {
        $new = static fn (array $options): \OpenSSLAsymmetricKey => openssl_pkey_new($options) ?: throw new \RuntimeException('no key');
        $this->p256 = $new(['private_key_type' => OPENSSL_KEYTYPE_EC, 'curve_name' => 'prime256v1']);
        $this->rsa = $new(['private_key_type' => OPENSSL_KEYTYPE_RSA, 'private_key_bits' => 2048]);
        $this->ed25519 = sodium_crypto_sign_seed_keypair(str_repeat('s', 32));
    }

    /** @return array<string, string> What stands for which ellipsis. */
    public function keys(): array
    {
        $public = sodium_crypto_sign_publickey($this->ed25519);

        return [
            'whsec_…' => 'whsec_' . self::HMAC, 'whpk_…' => 'whpk_' . base64_encode($public), 'pdl_ntf_…' => 'pdl_ntf_' . self::HMAC,
            "['hex']" => "['" . bin2hex(self::HMAC) . "']", 'MFkw…' => self::der($this->p256), 'arn:aws:sns:…' => 'arn:aws:sns:eu-west-1:1:t',
            '-----BEGIN…' => "-----BEGIN PUBLIC KEY-----\n" . base64_encode(hex2bin('302a300506032b6570032100') . $public) . "\n-----END PUBLIC KEY-----\n",
            "'public_key_hex' => '…'" => "'public_key_hex' => '" . bin2hex($public) . "'", 'https://…' => self::URL, '…' => self::HMAC,
        ];
    }

    /**
     * A delivery that is signed now.
     *
     * @return array{body: string, headers: array<string, string>, pem?: string}
     */
    public function sign(string $row, int $now): array
    {
        $body = '{"id":"1","event":"a","x":1}';
        $key = self::HMAC;
        $mac = static fn (string $text, string $key = self::HMAC, string $by = 'sha256'): string => hash_hmac($by, $text, $key);
        $b64 = static fn (string $hex): string => base64_encode((string) hex2bin($hex));
        $standard = static fn (string $prefix): array => ["$prefix-id" => self::ID, "$prefix-timestamp" => "$now", "$prefix-signature" => 'v1,' . $b64($mac(self::ID . ".$now.$body", (string) base64_decode($key, true)))];
        $headers = match ($row) {
            'Standard Webhooks v1, v1a' => $standard('webhook'),
            'Svix' => $standard('svix'),
            'GitHub' => ['X-Hub-Signature-256' => 'sha256=' . $mac($body)],
            'Stripe' => ['Stripe-Signature' => "t=$now,v1=" . $mac("$now.$body", "whsec_$key")],
            'Slack' => ['X-Slack-Request-Timestamp' => "$now", 'X-Slack-Signature' => 'v0=' . $mac("v0:$now:$body")],
            'Shopify' => ['X-Shopify-Hmac-Sha256' => $b64($mac($body))],
            'Twitch EventSub' => self::twitch($now, $body),
            'HubSpot v3, v2, v1' => ['X-HubSpot-Request-Timestamp' => "{$now}000", 'X-HubSpot-Signature-v3' => $b64($mac('POST' . self::URL . $body . "{$now}000"))],
            'Square' => ['x-square-hmacsha256-signature' => $b64($mac(self::URL . $body))],
            'Paddle' => ['Paddle-Signature' => "ts=$now;h1=" . $mac("$now:$body", "pdl_ntf_$key")],
            'Zoom' => ['x-zm-request-timestamp' => "$now", 'x-zm-signature' => 'v0=' . $mac("v0:$now:$body", 'secret token')],
            'Discord' => ['X-Signature-Timestamp' => "$now", 'X-Signature-Ed25519' => bin2hex(sodium_crypto_sign_detached("$now$body", sodium_crypto_sign_secretkey($this->ed25519)))],
            'Adyen platform' => ['HmacSignature' => $b64($mac($body))],
            'Mollie' => ['X-Mollie-Signature' => 'sha256=' . $mac($body)],
            'Intercom' => ['X-Hub-Signature' => 'sha1=' . $mac($body, 'client secret', 'sha1')],
            'Calendly' => ['Calendly-Webhook-Signature' => "t=$now,v1=" . $mac("$now.$body")],
            'Salesforce Marketing Cloud' => ['x-sfmc-ens-signature' => $b64($mac($body))],
            'any other HMAC' => ['X-Time' => "$now", 'X-Sig' => 'v1=' . $mac("$now.$body")],
            default => null,
        };

        return $headers !== null ? ['body' => $body, 'headers' => $headers] : match ($row) {
            'Twilio, form and JSON' => self::twilio(),
            'Mailgun' => self::mailgun($now),
            'SendGrid' => $this->sendGrid($now),
            'Adyen payments' => self::adyen(),
            'Linear' => self::linear($now),
            'AWS SNS v1, v2' => $this->sns($now),
            'PayPal' => $this->payPal($now),
            'RFC 9421' => $this->rfc9421($now, $body),
            default => throw new \LogicException("README.md has a scheme that nobody signs for here: $row"),
        };
    }

    /** @return array<string, string> */
    private static function twitch(int $now, string $body): array
    {
        $time = gmdate('Y-m-d\TH:i:s.000000000\Z', $now);

        return [
            'Twitch-Eventsub-Message-Id' => self::ID, 'Twitch-Eventsub-Message-Timestamp' => $time, 'Twitch-Eventsub-Message-Type' => 'notification',
            'Twitch-Eventsub-Message-Signature' => 'sha256=' . hash_hmac('sha256', self::ID . $time . $body, self::HMAC),
        ];
    }

    /** @return array{body: string, headers: array<string, string>} */
    private static function twilio(): array
    {
        $signature = base64_encode(hash_hmac('sha1', self::URL . 'Bodyhi x1', 'auth token', true));

        return ['body' => 'x=1&Body=hi+', 'headers' => ['Content-Type' => 'application/x-www-form-urlencoded', 'X-Twilio-Signature' => $signature]];
    }

    /** @return array{body: string, headers: array<string, string>} */
    private static function mailgun(int $now): array
    {
        $token = str_repeat('a1', 25);
        $signature = ['timestamp' => "$now", 'token' => $token, 'signature' => hash_hmac('sha256', $now . $token, 'signing key')];

        return ['body' => self::json(['signature' => $signature, 'event-data' => ['x' => 1]]), 'headers' => []];
    }

    /** @return array{body: string, headers: array<string, string>} */
    private function sendGrid(int $now): array
    {
        $body = '[{"sg_event_id":"e1","event":"open","x":1}]';
        $headers = ['X-Twilio-Email-Event-Webhook-Timestamp' => "$now", 'X-Twilio-Email-Event-Webhook-Signature' => self::signed($now . $body, $this->p256)];

        return ['body' => $body, 'headers' => $headers];
    }

    /** @return array{body: string, headers: array<string, string>} */
    private static function adyen(): array
    {
        $signature = base64_encode(hash_hmac('sha256', 'P1::' . self::HMAC . ':ref:10:EUR:AUTHORISATION:true', self::HMAC, true));
        $item = [
            'pspReference' => 'P1', 'merchantAccountCode' => self::HMAC, 'merchantReference' => 'ref', 'amount' => ['value' => 10, 'currency' => 'EUR'],
            'eventCode' => 'AUTHORISATION', 'success' => 'true', 'additionalData' => ['hmacSignature' => $signature],
        ];

        return ['body' => self::json(['live' => 'false', 'notificationItems' => [['NotificationRequestItem' => $item]]]), 'headers' => []];
    }

    /** @return array{body: string, headers: array<string, string>} */
    private static function linear(int $now): array
    {
        $body = self::json(['type' => 'Issue', 'webhookTimestamp' => $now * 1000, 'x' => 1]);

        return ['body' => $body, 'headers' => ['Linear-Delivery' => self::ID, 'Linear-Signature' => hash_hmac('sha256', $body, self::HMAC)]];
    }

    /** @return array{body: string, headers: array<string, string>, pem: string} */
    private function sns(int $now): array
    {
        $fields = [
            'Message' => '{"x":1}', 'MessageId' => self::ID, 'Timestamp' => gmdate('Y-m-d\TH:i:s.000\Z', $now),
            'TopicArn' => 'arn:aws:sns:eu-west-1:1:t', 'Type' => 'Notification',
        ];
        $text = implode('', array_map(static fn (string $name, string $value): string => "$name\n$value\n", array_keys($fields), $fields));
        $fields += ['SignatureVersion' => '2', 'Signature' => self::signed($text, $this->rsa), 'SigningCertURL' => 'https://sns.eu-west-1.amazonaws.com/a.pem'];

        return ['body' => self::json($fields), 'headers' => [], 'pem' => $this->certificate()];
    }

    /** @return array{body: string, headers: array<string, string>, pem: string} */
    private function payPal(int $now): array
    {
        $body = '{"id":"WH-1","event_type":"a","x":1}';
        $time = gmdate('Y-m-d\TH:i:s\Z', $now);
        $headers = [
            'PAYPAL-TRANSMISSION-ID' => self::ID, 'PAYPAL-TRANSMISSION-TIME' => $time, 'PAYPAL-AUTH-ALGO' => 'SHA256withRSA',
            'PAYPAL-TRANSMISSION-SIG' => self::signed(self::ID . "|$time|" . self::HMAC . '|' . crc32($body), $this->rsa),
            'PAYPAL-CERT-URL' => 'https://api.paypal.com/v1/notifications/certs/CERT-1',
        ];

        return ['body' => $body, 'headers' => $headers, 'pem' => $this->certificate()];
    }

    /** @return array{body: string, headers: array<string, string>} */
    private function rfc9421(int $now, string $body): array
    {
        $digest = 'sha-256=:' . base64_encode(hash('sha256', $body, true)) . ':';
        $parameters = "(\"@method\" \"@target-uri\" \"content-digest\" \"event-id\");created=$now;keyid=\"" . self::HMAC . '";alg="ed25519"';
        $base = "\"@method\": POST\n\"@target-uri\": " . self::URL . "\n\"content-digest\": $digest\n\"event-id\": " . self::ID . "\n\"@signature-params\": $parameters";
        $signature = base64_encode(sodium_crypto_sign_detached($base, sodium_crypto_sign_secretkey($this->ed25519)));

        return ['body' => $body, 'headers' => ['Event-Id' => self::ID, 'Content-Digest' => $digest, 'Signature-Input' => "s=$parameters", 'Signature' => "s=:$signature:"]];
    }

    /** A certificate of the RSA key, valid around the real time and the frozen one. */
    private function certificate(): string
    {
        $key = $this->rsa;
        $request = openssl_csr_new(['commonName' => 'sns.amazonaws.com'], $key);
        \assert($request instanceof \OpenSSLCertificateSigningRequest);
        $certificate = openssl_csr_sign($request, null, $key, 30, ['digest_alg' => 'sha256']);
        \assert($certificate instanceof \OpenSSLCertificate);
        openssl_x509_export($certificate, $pem);

        return $pem;
    }

    private static function signed(string $text, \OpenSSLAsymmetricKey $key): string
    {
        openssl_sign($text, $signature, $key, OPENSSL_ALGO_SHA256);

        return base64_encode($signature);
    }

    private static function der(\OpenSSLAsymmetricKey $key): string
    {
        $pem = (openssl_pkey_get_details($key) ?: throw new \RuntimeException('no details'))['key'];

        return (string) preg_replace('~-----[^-]+-----|\s~', '', $pem);
    }

    /** @param array<string, mixed> $value */
    private static function json(array $value): string
    {
        return json_encode($value, JSON_THROW_ON_ERROR | JSON_UNESCAPED_SLASHES);
    }
}
