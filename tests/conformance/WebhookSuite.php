<?php

declare(strict_types=1);

namespace Causeway\Tests\Conformance;

use Causeway\Exception\OptionsException;
use Causeway\Exception\SignatureException;
use Causeway\Testing\Clock;
use Causeway\Webhook\Verifier;

/** Deliveries through Causeway\Webhook\Verifier at a frozen time. */
final class WebhookSuite implements Suite
{
    private const CASE_FIELDS = [
        'id', 'scheme', 'expect', 'config', 'request', 'given', 'now', 'reply', 'reason', 'note', 'why',
    ];
    private const REQUEST_FIELDS = ['method', 'url', 'headers', 'body', 'body_base64', 'form'];

    public function __construct(array $file)
    {
    }

    public function verdict(array $case): array
    {
        self::refuseUnknown($case, self::CASE_FIELDS, 'case field');
        $request = $case['request'] ?? [];
        self::refuseUnknown($request, self::REQUEST_FIELDS, 'request field');
        self::refuseUnknown($case['given'] ?? [], ['fetched_pem'], 'given field');

        Clock::freeze((int) round(($case['now'] ?? 0) * 1000));
        try {
            return $this->verify($this->verifier($case), $case);
        } catch (OptionsException $refusal) {
            return ['config-error', $refusal->getMessage()];
        } catch (SignatureException $refusal) {
            return ['invalid', $refusal->reason];
        } finally {
            Clock::thaw();
        }
    }

    /**
     * @param array<string, mixed> $case
     */
    private function verifier(array $case): Verifier
    {
        $options = $case['config'] ?? [];
        if (!isset($case['now'])) {
            // Without a time there is no window.
            $options += ['tolerance_s' => false];
        }
        try {
            return new Verifier($case['scheme'] ?? '', $options);
        } catch (OptionsException $refusal) {
            $isUnknown = $refusal->field === 'scheme' || str_contains($refusal->getMessage(), 'an unknown option');

            throw $isUnknown ? new UnknownException($refusal->getMessage(), 0, $refusal) : $refusal;
        }
    }

    /**
     * @param array<string, mixed> $case
     *
     * @return array{string, string}
     */
    private function verify(Verifier $verifier, array $case): array
    {
        $request = $case['request'] ?? [];
        $expectedReply = $case['reply'] ?? null;
        $pem = $case['given']['fetched_pem'] ?? null;
        $delivery = $verifier->verify(
            self::body($request),
            $request['headers'] ?? [],
            $request['method'] ?? 'POST',
            $request['url'] ?? '',
            $pem === null ? null : static fn (string $url): string => $pem,
        );
        if ($expectedReply === null) {
            return ['valid', 'secret ' . $delivery->secretIndex()];
        }
        $body = $delivery->reply()?->body();
        // A reply in JSON is expected as what it says, any other as its text.
        $reply = is_string($expectedReply) ? $body : json_decode((string) $body, true);

        return $reply === $expectedReply ? ['challenge', 'reply as expected'] : ['wrong-reply', (string) $body];
    }

    /**
     * The raw bytes that were sent.
     *
     * @param array<string, mixed> $request
     */
    private static function body(array $request): string
    {
        if (isset($request['body_base64'])) {
            $bytes = base64_decode($request['body_base64'], true);

            return $bytes === false ? throw new UnknownException('body_base64 that does not decode') : $bytes;
        }

        return $request['body'] ?? self::form($request['form'] ?? []);
    }

    /**
     * A form as it goes over the wire: a field with several values is there several times.
     *
     * @param array<string, mixed> $fields
     */
    private static function form(array $fields): string
    {
        $pairs = [];
        foreach ($fields as $name => $values) {
            foreach ((array) $values as $value) {
                $pairs[] = urlencode((string) $name) . '=' . urlencode((string) $value);
            }
        }

        return implode('&', $pairs);
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
