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
    'Causeway\Exception\CallException' => 'A call gave no usable answer; says what is known.',
    'Causeway\Exception\CallException::$connection' => 'The connection\'s name.',
    'Causeway\Exception\CallException::$sent' => "Whether the vendor may have seen the request: 'no', 'maybe' or 'yes'.",
    'Causeway\Exception\CallException::$attempts' => 'Attempts that were made; 0 when nothing was sent.',
    'Causeway\Exception\CallException::$elapsedMs' => 'Milliseconds from the call\'s start.',
    'Causeway\Exception\CallException::$status' => 'The vendor\'s status, where there was one.',
    'Causeway\Exception\CallException::$retryAfterMs' => 'When to come back, where it is known.',
    'Causeway\Exception\CallException::$correlationId' => 'Sent to the vendor as X-Correlation-Id, and found in logs.',
    'Causeway\Exception\ConnectException' => 'No connection: refused, unreachable, name not found, TLS. Not sent.',
    'Causeway\Exception\NetworkException' => 'The connection broke after the request may have been sent.',
    'Causeway\Exception\TimeoutException' => 'An attempt\'s or the total time ran out.',
    'Causeway\Exception\StatusException' => 'The vendor answered with a status of 400 or more.',
    'Causeway\Exception\StatusException::$response' => 'The answer, a \Causeway\Response.',
    'Causeway\Exception\BreakerOpenException' => 'The breaker is open; nothing was sent.',
    'Causeway\Exception\PausedException' => 'The connection is switched off; nothing was sent.',
    'Causeway\Exception\ThrottledException' => 'The vendor or the throttle says to come back later.',
    'Causeway\Exception\AuthException' => 'No token could be had.',
    'Causeway\Exception\AddressRefusedException' => 'The target address is not allowed for this connection.',
    'Causeway\Exception\LimitException' => 'A cap was exceeded: body, headers, JSON depth.',
    'Causeway\Exception\InterruptedException' => 'PHP\'s time limit ended the wait. Handlers of signals run during a wait: what one throws comes out as it is, and one that returns lets the call go on.',
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
