<?php

declare(strict_types=1);

namespace Drupal\causeway\Http;

use Causeway\Exception\CallException;
use Causeway\Response;
use GuzzleHttp\Exception\GuzzleException;
use GuzzleHttp\Psr7\FnStream;
use GuzzleHttp\Psr7\LazyOpenStream;
use GuzzleHttp\Psr7\Utils;
use GuzzleHttp\TransferStats;
use Psr\Http\Message\RequestInterface;
use Psr\Http\Message\ResponseFactoryInterface;
use Psr\Http\Message\ResponseInterface;
use Psr\Http\Message\StreamFactoryInterface;
use Psr\Http\Message\StreamInterface;

/**
 * One request of Guzzle on its way: its answer in the order that Guzzle keeps.
 *
 * First on_headers, then the body into the sink with progress told, then
 * on_stats, whatever came of it.
 *
 * @internal
 *
 * @license MIT OR Apache-2.0
 */
final readonly class GuzzleTransfer {

  private const MS_TO_S = 0.001;

  private const PIECE_BYTES = 65_536;

  public function __construct(
    private RequestInterface $request,
    private GuzzleOptions $taken,
    private ResponseFactoryInterface $responses,
    private StreamFactoryInterface $streams,
    private ErrorMap $errors = new ErrorMap(),
  ) {}

  /**
   * Takes the call's answer.
   *
   * @param callable(): \Causeway\Response $call
   *   Makes the call, or waits for it.
   *
   * @throws \GuzzleHttp\Exception\GuzzleException
   *   What the call, or the way out of it, came to.
   */
  public function complete(callable $call): ResponseInterface {
    try {
      $native = $call();
    }
    catch (\RuntimeException | \InvalidArgumentException $e) {
      throw $this->failed($e);
    }
    return $this->deliver($native);
  }

  /**
   * A call that came to no answer, as Guzzle says it.
   */
  public function failed(\RuntimeException|\InvalidArgumentException $error): GuzzleException {
    $elapsedMs = $error instanceof CallException ? $error->elapsedMs : 0;
    $this->tell(new TransferStats($this->request, NULL, $elapsedMs * self::MS_TO_S, $error));
    return $this->errors->guzzle($error, $this->request);
  }

  /**
   * Hands the answer out.
   */
  private function deliver(Response $native): ResponseInterface {
    $isOpen = $this->taken->isStream() || $this->taken->isWatched();
    $response = Call::answer($native, $this->responses, $isOpen ? NULL : $this->streams);
    $failure = NULL;
    $step = 'An error was encountered during the on_headers event';
    try {
      if ($this->taken->onHeaders !== NULL) {
        ($this->taken->onHeaders)($response, $this->request);
      }
      $step = 'The answer is encoded and cannot be decoded';
      $this->refuseEncoded($response);
      $step = 'The body could not be written to the sink';
      $response = $this->drain($response);
    }
    catch (\Exception $e) {
      $failure = $e instanceof CallException
        ? $this->errors->guzzle($e, $this->request)
        : $this->errors->afterAnswer($step, $this->request, $response, $e);
    }
    $facts = ['attempts' => $native->attempts(), 'correlation_id' => $native->correlationId()];
    $this->tell(new TransferStats($this->request, $response, $native->elapsedMs() * self::MS_TO_S, $failure, $facts));
    return $failure === NULL ? $response : throw $failure;
  }

  /**
   * Nobody gets compressed bytes who wanted them decoded.
   */
  private function refuseEncoded(ResponseInterface $response): void {
    $isPlain = in_array(strtolower($response->getHeaderLine('Content-Encoding')), ['', 'identity'], TRUE);
    $isEmpty = $this->request->getMethod() === 'HEAD' || $response->getBody()->getSize() === 0;
    if ($this->taken->call['decode'] && !$isPlain && !$isEmpty) {
      throw new \UnexpectedValueException('The body is encoded in a way that is not known, and decode_content is not FALSE.');
    }
  }

  /**
   * Writes the body where the caller wants it; the sink becomes the body.
   */
  private function drain(ResponseInterface $response): ResponseInterface {
    if ($this->taken->isStream() || !$this->taken->isWatched()) {
      return $response;
    }
    $body = $response->getBody();
    $sink = $this->sink();
    $this->progress($body, 0);
    while (($piece = $body->read(self::PIECE_BYTES)) !== '') {
      if ($sink->write($piece) !== strlen($piece)) {
        throw new \RuntimeException('The sink took a part of the body only.');
      }
      $this->progress($body, $body->tell());
    }
    if ($sink->isSeekable()) {
      $sink->rewind();
    }
    return $response->withBody($sink);
  }

  /**
   * The caller's sink, else one in memory that moves to disk as it grows.
   */
  private function sink(): StreamInterface {
    $sink = $this->taken->sink;
    if (is_string($sink)) {
      return new LazyOpenStream($sink, 'w+');
    }
    $stream = Utils::streamFor($sink ?? Utils::tryFopen('php://temp', 'w+'));
    if (!is_resource($sink)) {
      return $stream;
    }
    // The resource stays the caller's, also when the answer is forgotten.
    $detach = static function () use ($stream): void {
      $stream->detach();
    };
    return FnStream::decorate($stream, ['close' => $detach]);
  }

  /**
   * Tells what has come; what was sent is told when all of it is.
   */
  private function progress(StreamInterface $body, int $cameBytes): void {
    if ($this->taken->progress !== NULL) {
      $sentBytes = (int) $this->request->getBody()->getSize();
      ($this->taken->progress)((int) $body->getSize(), $cameBytes, $sentBytes, $sentBytes);
    }
  }

  /**
   * Calls on_stats; what it throws is not ours.
   */
  private function tell(TransferStats $stats): void {
    if ($this->taken->onStats !== NULL) {
      ($this->taken->onStats)($stats);
    }
  }

}
