<?php

declare(strict_types=1);

namespace Drupal\causeway\Http\Exception;

use Psr\Http\Message\RequestInterface;

/**
 * Carries the request; the previous exception says what is known.
 *
 * @license MIT OR Apache-2.0
 */
trait RequestAwareTrait {

  public function __construct(
    private readonly RequestInterface $request,
    \Throwable $previous,
  ) {
    parent::__construct($previous->getMessage(), 0, $previous);
  }

  /**
   * The request that was to be sent.
   */
  public function getRequest(): RequestInterface {
    return $this->request;
  }

}
