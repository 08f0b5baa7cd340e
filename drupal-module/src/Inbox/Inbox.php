<?php

declare(strict_types=1);

namespace Drupal\causeway\Inbox;

use Causeway\Exception\StoreException;
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

  /**
   * When a sender should come back if the database could not store it, seconds.
   */
  private const int STORE_RETRY_AFTER_S = 10;

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
      $receipt = $this->clients->inbox($connection)->receive($body, $headers, $method, $url);
    }
    catch (ExtensionMissingException | ConnectionException | StoreException $e) {
      // The site's fault, not the sender's, who shall repeat it.
      $this->logger->error('A webhook for @connection was turned away: @message', [
        '@connection' => $connection,
        '@message' => $e->getMessage(),
      ]);
      return new Answer(503, 'unavailable', match (TRUE) {
        $e instanceof ExtensionMissingException => 'extension_missing',
        $e instanceof ConnectionException => 'bad_option',
        default => 'store_' . $e->reason,
      }, $e instanceof StoreException ? self::STORE_RETRY_AFTER_S : self::RETRY_AFTER_S);
    }
    if ($receipt->verdict() === 'conflict') {
      $this->logger->warning('@connection sent an event again with another payload; both are kept.', ['@connection' => $connection]);
    }
    if ($receipt->verdict() === 'unavailable') {
      $this->logger->error('A webhook for @connection could not be recorded (@reason); its sender was asked to repeat it.', [
        '@connection' => $connection,
        '@reason' => (string) $receipt->reason(),
      ]);
    }
    return new Answer($receipt->status(), $receipt->verdict(), $receipt->reason(), $receipt->retryAfterS(), $receipt->body());
  }

}
