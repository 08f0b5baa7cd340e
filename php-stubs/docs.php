<?php

/**
 * @file
 * Docs of what the extension registers by hand, and which so have no Rust doc of their own.
 *
 * Read by generate.php, which complains about a name that is not there.
 */

declare(strict_types=1);

return [
    'Causeway\Exception\CausewayException' => 'Implemented by every exception of Causeway.',
    'Causeway\Exception\OptionsException' => 'An option is unknown, of the wrong type, out of range or in conflict with another.',
    'Causeway\Exception\OptionsException::$field' => "Where: 'retry.max_attempts'.",
    'Causeway\Exception\CallException' => implode("\n", [
        'A call gave no usable answer; says what is known. Thrown as this very class when the request itself',
        'cannot be sent: a malformed target or field, a content that cannot be read.',
    ]),
    'Causeway\Exception\CallException::$connection' => 'The connection\'s name.',
    'Causeway\Exception\CallException::$sent' => "Whether the vendor may have seen the request: 'no', 'maybe' or 'yes'.",
    'Causeway\Exception\CallException::$attempts' => 'Attempts that were made; 0 when nothing was sent.',
    'Causeway\Exception\CallException::$elapsedMs' => 'Milliseconds from the call\'s start.',
    'Causeway\Exception\CallException::$status' => 'The vendor\'s status, where the head of an answer came.',
    'Causeway\Exception\CallException::$retryAfterMs' => 'When to come back, where it is known.',
    'Causeway\Exception\CallException::$correlationId' => 'Sent to the vendor as X-Correlation-Id, and found in logs.',
    'Causeway\Exception\ConnectException' => 'No connection: refused, unreachable, name not found, TLS, or no time left to connect. Sent is \'no\'.',
    'Causeway\Exception\NetworkException' => implode("\n", [
        'The connection broke: before the head of an answer sent is \'maybe\', after its first byte \'yes\'. In the',
        'body $status is known.',
    ]),
    'Causeway\Exception\TimeoutException' => implode("\n", [
        'An attempt\'s or the total time ran out: sent is \'no\' while connecting, \'maybe\' before the head of an',
        'answer, \'yes\' in its body, where $status is known.',
    ]),
    'Causeway\Exception\StatusException' => 'The vendor answered with a status of 400 or more. Sent is \'yes\'.',
    'Causeway\Exception\StatusException::$response' => 'The answer, a \Causeway\Response.',
    'Causeway\Exception\BreakerOpenException' => 'The breaker is open; nothing was sent. $retryAfterMs says when it lets probes through.',
    'Causeway\Exception\PausedException' => 'The connection is switched off; nothing was sent.',
    'Causeway\Exception\ThrottledException' => implode("\n", [
        'The vendor or the throttle says to come back later, and that is beyond the deadline: $retryAfterMs says',
        'when. Sent is \'yes\' when the vendor said it to this call, else \'no\'.',
    ]),
    'Causeway\Exception\AuthException' => 'No token could be had: the identity provider refused or failed. The vendor saw nothing: sent is \'no\'.',
    'Causeway\Exception\AddressRefusedException' => 'The target\'s address is not allowed for this connection; nothing was sent.',
    'Causeway\Exception\LimitException' => 'A cap was exceeded by an answer: its head, its body, or what a coding expands to. Sent is \'yes\'.',
    'Causeway\Exception\InterruptedException' => implode("\n", [
        'PHP\'s time limit or cancel() ended the wait; sent says whether the vendor may have seen the request.',
        'Handlers of signals run during a wait: what one throws comes out as it is, and one that returns lets',
        'the call go on.',
    ]),
    'Causeway\Exception\StrayRequestException' => implode("\n", [
        'A test\'s fake has no rule or recorded answer for a request; nothing was sent. A \LogicException, so',
        'that code which goes on without an answer does not hide it. Its properties are those of',
        'CallException.',
    ]),
    'Causeway\Exception\StrayRequestException::$connection' => 'The connection\'s name.',
    'Causeway\Exception\StrayRequestException::$sent' => "Always 'no'.",
    'Causeway\Exception\StrayRequestException::$attempts' => 'Attempts that were made.',
    'Causeway\Exception\StrayRequestException::$elapsedMs' => 'Milliseconds from the call\'s start.',
    'Causeway\Exception\StrayRequestException::$status' => 'Always NULL.',
    'Causeway\Exception\StrayRequestException::$retryAfterMs' => 'Always NULL.',
    'Causeway\Exception\StrayRequestException::$correlationId' => 'What would have been sent as X-Correlation-Id.',
    'Causeway\Exception\SignatureException' => 'A webhook was refused.',
    'Causeway\Exception\SignatureException::$reason' => implode("\n", [
        "Why: 'missing_header', 'malformed_header', 'malformed_timestamp', 'timestamp_too_old',",
        "'timestamp_in_future', 'no_match', 'malformed_body', 'unsupported_algorithm', or",
        "'secret_unavailable', which is no verdict: the sender should repeat.",
    ]),
    'Causeway\Exception\StoreException' => 'The store could not do it.',
    'Causeway\Exception\StoreException::$reason' => "What can be done: 'busy' (try again), 'full', 'unavailable', 'corrupt', 'misuse'.",
    'Causeway\Exception\LeaseLostException' => 'The lease was lost to another worker, or ran out: the effect must not be committed.',
    'Causeway\Exception\InProgressException' => 'Another worker holds the event.',
    'Causeway\Exception\ConflictException' => 'The same id came with another payload.',
    'Causeway\Exception\DeadLetterException' => 'The event is in the dead letters.',
    'Causeway\Exception\SnapshotMissingException' => implode("\n", [
        'No snapshot, and none could be fetched within the page\'s deadline; the cause is the previous',
        'exception.',
    ]),
];
