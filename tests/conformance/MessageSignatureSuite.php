<?php

declare(strict_types=1);

namespace Causeway\Tests\Conformance;

use Causeway\Exception\SignatureException;
use Causeway\Http\MessageSigner;
use Causeway\Http\MessageVerifier;
use Causeway\Testing\Clock;

/**
 * Signed messages through Causeway\Http\MessageVerifier and MessageSigner, as of the time at which
 * they say that they were made.
 */
final class MessageSignatureSuite implements Suite
{
    private const CASE_FIELDS = [
        'id', 'message', 'alg', 'keyid', 'signature_input', 'signature', 'signature_base', 'deterministic', 'expect',
        'now', 'reason', 'note', 'why',
    ];
    private const MESSAGE_FIELDS = ['method', 'target', 'scheme', 'status', 'headers', 'body'];

    /** @param array<string, mixed> $file */
    public function __construct(private readonly array $file)
    {
    }

    public function verdict(array $case): array
    {
        self::refuseUnknown($case, self::CASE_FIELDS, 'case field');
        $message = $this->message($case['message']);
        $signed = $message;
        $signed['headers'][] = ['Signature-Input', $case['signature_input']];
        $signed['headers'][] = ['Signature', $case['signature']];
        $created = preg_match('/;created=(\d+)/', $case['signature_input'], $match) === 1 ? (int) $match[1] : 0;

        Clock::freeze(($case['now'] ?? $created) * 1000);
        try {
            return $this->judge($case, self::shaped($message), self::shaped($signed));
        } catch (SignatureException $refusal) {
            return ['invalid', $refusal->reason];
        } finally {
            Clock::thaw();
        }
    }

    /**
     * @param array<string, mixed> $case
     * @param array<string, mixed> $message
     * @param array<string, mixed> $signed
     *
     * @return array{string, string}
     */
    private function judge(array $case, array $message, array $signed): array
    {
        $expected = $case['signature_base'] ?? null;
        if ($expected !== null && MessageVerifier::base($signed, $this->request($signed)) !== $expected) {
            return ['wrong-base', MessageVerifier::base($signed, $this->request($signed))];
        }
        $verifier = new MessageVerifier([
            'keys' => [['algorithm' => $case['alg'], 'keyid' => $case['keyid']] + $this->key($case, 'public_key')],
            'required' => [],
            'tolerance_s' => str_contains($case['signature_input'], ';created=') ? 300 : false,
        ]);
        $verifier->verify($signed, $this->request($signed));
        if ($case['deterministic'] ?? false) {
            $ours = $this->sign($case, $message);
            if ($ours['Signature'] !== $case['signature'] || $ours['Signature-Input'] !== $case['signature_input']) {
                return ['wrong-signature', $ours['Signature-Input'] . ' ' . $ours['Signature']];
            }
        }

        return ['valid', 'holds'];
    }

    /**
     * Signs with the components and parameters that the case's input has.
     *
     * @param array<string, mixed> $case
     * @param array<string, mixed> $message
     *
     * @return array<string, string>
     */
    private function sign(array $case, array $message): array
    {
        if (preg_match('/^([^=]+)=\((.*?)\)((?:;[a-z]+=(?:"[^"]*"|\d+))*)$/', $case['signature_input'], $input) !== 1) {
            throw new UnknownException('signature_input that cannot be signed anew');
        }
        [, $label, $components, $parameters] = $input;
        preg_match_all('/"[^"]*"(?:;[a-z]+(?:="[^"]*")?)*/', $components, $components);
        preg_match_all('/;([a-z]+)=(?:"([^"]*)"|(\d+))/', $parameters, $parameters);
        $values = array_combine($parameters[1], array_map(
            static fn (string $text, string $number): string => $text . $number,
            $parameters[2],
            $parameters[3],
        ));
        $signer = new MessageSigner(array_filter([
            'keys' => [
                ['algorithm' => $case['alg'], 'keyid' => $case['keyid'], 'label' => $label]
                    + $this->key($case, 'private_key'),
            ],
            'components' => $components[0],
            'parameters' => $parameters[1],
            'expires_s' => isset($values['expires']) ? (int) $values['expires'] - (int) $values['created'] : null,
            'tag' => $values['tag'] ?? null,
        ], static fn (mixed $option): bool => $option !== null));

        return $signer->sign($message, $this->request($message), $values['nonce'] ?? null);
    }

    /**
     * The key that a case names, as an option.
     *
     * @param array<string, mixed> $case
     *
     * @return array<string, string>
     */
    private function key(array $case, string $option): array
    {
        $key = $this->file['keys'][$case['keyid']] ?? throw new UnknownException("key $case[keyid]");

        return match (true) {
            isset($key['base64']) => ['secret_b64' => $key['base64']],
            $option === 'public_key' => ['public_key' => $key['pub_pem']],
            default => ['private_key' => $key['priv_pem']],
        };
    }

    /**
     * A message by its name, or as it stands in the case.
     *
     * @return array<string, mixed>
     */
    private function message(mixed $message): array
    {
        if (is_string($message)) {
            $message = $this->file[strtr($message, '-', '_')] ?? throw new UnknownException("message $message");
        }
        self::refuseUnknown($message, self::MESSAGE_FIELDS, 'message field');

        return $message + ['headers' => []];
    }

    /**
     * The request that a response answers.
     *
     * @param array<string, mixed> $message
     *
     * @return ?array<string, mixed>
     */
    private function request(array $message): ?array
    {
        return isset($message['status'], $this->file['test_request']) ? self::shaped($this->message('test-request')) : null;
    }

    /**
     * The message as the extension takes it: a whole URL, fields by name with all their lines.
     *
     * @param array<string, mixed> $message
     *
     * @return array<string, mixed>
     */
    private static function shaped(array $message): array
    {
        $headers = [];
        foreach ($message['headers'] as [$name, $value]) {
            $headers[strtolower($name)][] = $value;
        }
        $shaped = ['headers' => $headers, 'body' => $message['body'] ?? ''];
        if (isset($message['status'])) {
            return $shaped + ['status' => $message['status']];
        }
        $scheme = preg_match('/^https?\b/', $message['scheme'] ?? 'https', $match) === 1 ? $match[0] : 'https';
        $host = $headers['host'][0] ?? '';
        $isWhole = preg_match('~^https?://~', $message['target']) === 1;

        return $shaped + [
            'method' => $message['method'],
            'url' => $isWhole ? $message['target'] : "$scheme://$host$message[target]",
        ];
    }

    /**
     * @param array<string, mixed> $given
     * @param list<string> $known
     */
    private static function refuseUnknown(array $given, array $known, string $what): void
    {
        $unknown = array_diff(array_keys($given), $known);
        if ($unknown !== []) {
            throw new UnknownException("$what " . implode(', ', $unknown));
        }
    }
}
