<?php

declare(strict_types=1);

namespace Shop;

/**
 * Where vendors send their events: verified, recorded, answered; processed later by the worker.
 */
final class Webhooks {

  public function __construct(private readonly Shop $shop) {}

  /** @param array<string, mixed> $server */
  public function receive(string $vendor, string $body, array $server): Reply {
    $receipt = $this->shop->inbox($vendor)->receive($body, $server, (string) ($server['REQUEST_METHOD'] ?? 'POST'));
    $headers = $receipt->retryAfterS() === NULL ? [] : ['Retry-After' => (string) $receipt->retryAfterS()];
    if ($receipt->verdict() === 'challenge') {
      return new Reply($receipt->status(), $receipt->body(), $headers);
    }
    return Reply::json($receipt->status(), json_encode(
      ['verdict' => $receipt->verdict(), 'reason' => $receipt->reason()],
      JSON_THROW_ON_ERROR,
    ), $headers);
  }

}
