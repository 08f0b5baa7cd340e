<?php

declare(strict_types=1);

namespace Drupal\Tests\causeway\Traits;

use Symfony\Component\HttpFoundation\Request;
use Symfony\Component\HttpFoundation\Response;

/**
 * Sends webhooks as Standard Webhooks has them.
 */
trait WebhookTrait {

  /**
   * The secret that site and sender share.
   */
  protected const string WEBHOOK_SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

  /**
   * Sends a delivery that is signed with the secret.
   */
  protected function deliver(string $connection, string $id, string $body, ?int $time = NULL, string $secret = self::WEBHOOK_SECRET): Response {
    $time ??= time();
    $key = (string) base64_decode(substr($secret, 6), TRUE);
    return $this->send($connection, $body, [
      'webhook-id' => $id,
      'webhook-timestamp' => (string) $time,
      'webhook-signature' => 'v1,' . base64_encode(hash_hmac('sha256', "$id.$time.$body", $key, TRUE)),
    ]);
  }

  /**
   * Sends bytes with header fields.
   *
   * @param string $connection
   *   The connection in the URL.
   * @param string $body
   *   The bytes.
   * @param array<string, string> $headers
   *   The header fields.
   */
  protected function send(string $connection, string $body, array $headers): Response {
    $request = Request::create("/causeway/webhook/$connection", 'POST', content: $body);
    $request->headers->add($headers + ['Content-Type' => 'application/json']);
    return $this->container->get('http_kernel')->handle($request);
  }

  /**
   * What is said to the sender.
   *
   * @return array{int, string|null, string|null}
   *   HTTP status, verdict and reason.
   */
  protected function said(Response $response): array {
    $said = json_decode((string) $response->getContent(), TRUE);
    return [$response->getStatusCode(), $said['status'] ?? NULL, $said['reason'] ?? NULL];
  }

}
