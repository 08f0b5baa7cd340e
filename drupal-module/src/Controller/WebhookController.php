<?php

declare(strict_types=1);

namespace Drupal\causeway\Controller;

use Drupal\causeway\Inbox\Inbox;
use Symfony\Component\HttpFoundation\JsonResponse;
use Symfony\Component\HttpFoundation\Request;
use Symfony\Component\HttpFoundation\Response;

/**
 * Answers webhooks: verified and recorded, processed later.
 */
final class WebhookController {

  public function __construct(
    private readonly Inbox $inbox,
  ) {}

  /**
   * Answers one delivery.
   */
  public function __invoke(string $connection, Request $request): Response {
    $answer = $this->inbox->accept($connection, $request->getContent(), $request->headers->all(), $request->getMethod(), $request->getUri());
    $headers = $answer->retryAfterS === NULL ? [] : ['Retry-After' => (string) $answer->retryAfterS];
    return $answer->body === ''
      ? new JsonResponse(['status' => $answer->verdict, 'reason' => $answer->reason], $answer->status, $headers)
      : new Response($answer->body, $answer->status, $headers + ['Content-Type' => 'text/plain; charset=utf-8']);
  }

}
