<?php

declare(strict_types=1);

namespace Drupal\causeway\Inbox;

use Causeway\Inbox as NativeInbox;
use Drupal\causeway\Connection\ClientFactory;
use Drupal\causeway\Connection\Connections;
use Drupal\causeway\Exception\ConnectionException;
use Drupal\causeway\Exception\ExtensionMissingException;
use Psr\Log\LoggerInterface;
use Symfony\Component\DependencyInjection\Attribute\Autowire;

/**
 * Accepts what vendors send.
 */
final class Inbox {

  /**
   * When a sender should come back if the site itself is at fault, seconds.
   */
  private const int RETRY_AFTER_S = 120;

  public function __construct(
    private readonly Connections $connections,
    private readonly ClientFactory $clients,
    #[Autowire(service: 'logger.channel.causeway')]
    private readonly LoggerInterface $logger,
  ) {}

  /**
   * Verifies and records a delivery.
   *
   * @param string $connection
   *   The connection that it is for.
   * @param string $body
   *   The raw bytes.
   * @param array<string, list<string|null>> $headers
   *   The header fields.
   * @param string $method
   *   The request's method.
   * @param string $url
   *   The request's URL.
   */
  public function accept(string $connection, string $body, array $headers, string $method, string $url): Answer {
    if (!$this->connections->has($connection) || !$this->connections->get($connection)->hasWebhook()) {
      return new Answer(404, 'refused', 'unknown_connection');
    }
    try {
      // Before "new", which would look for a class that may not be there.
      $client = $this->clients->client($connection);
    }
    catch (ExtensionMissingException | ConnectionException $e) {
      // The site's fault, not the sender's, who shall repeat it.
      $this->logger->error('A webhook for @connection was turned away: @message', [
        '@connection' => $connection,
        '@message' => $e->getMessage(),
      ]);
      return new Answer(503, 'unavailable', $e instanceof ConnectionException ? 'bad_option' : 'extension_missing', self::RETRY_AFTER_S);
    }
    $receipt = (new NativeInbox($client))->receive($body, $headers, $method, $url);
    if ($receipt->verdict() === 'conflict') {
      $this->logger->warning('@connection sent an event again with another payload; both are kept.', ['@connection' => $connection]);
    }
    return new Answer($receipt->status(), $receipt->verdict(), $receipt->reason(), $receipt->retryAfterS(), $receipt->body());
  }

}
