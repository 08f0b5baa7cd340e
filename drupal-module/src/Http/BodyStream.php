<?php

declare(strict_types=1);

namespace Drupal\causeway\Http;

use Causeway\Body;
use Psr\Http\Message\StreamInterface;

/**
 * A body that comes from the vendor while it is read, as a PSR-7 stream.
 *
 * It is read once, from its beginning to its end. What breaks off is a
 * \RuntimeException, the extension's own: it says what is known.
 *
 * @internal
 *
 * @license MIT OR Apache-2.0
 */
final class BodyStream implements StreamInterface {

  /**
   * The body; NULL after close() and detach().
   */
  private ?Body $body;

  /**
   * A stream over a response's body.
   *
   * @param \Causeway\Body $body
   *   Nothing of it has been read.
   */
  public function __construct(Body $body) {
    $this->body = $body;
  }

  /**
   * {@inheritdoc}
   */
  public function __toString(): string {
    return $this->getContents();
  }

  /**
   * {@inheritdoc}
   */
  public function close(): void {
    // The connection ends with the last use of the body.
    $this->body = NULL;
  }

  /**
   * {@inheritdoc}
   *
   * @return null
   *   There is no PHP resource underneath.
   */
  public function detach() {
    $this->body = NULL;
    return NULL;
  }

  /**
   * {@inheritdoc}
   */
  public function getSize(): ?int {
    return $this->body?->getSize();
  }

  /**
   * {@inheritdoc}
   */
  public function tell(): int {
    return $this->open()->tell();
  }

  /**
   * {@inheritdoc}
   */
  public function eof(): bool {
    return $this->body === NULL || $this->body->eof();
  }

  /**
   * {@inheritdoc}
   */
  public function isSeekable(): bool {
    return FALSE;
  }

  /**
   * {@inheritdoc}
   */
  public function seek(int $offset, int $whence = SEEK_SET): void {
    throw new \RuntimeException('A body that comes from the vendor cannot be sought.');
  }

  /**
   * {@inheritdoc}
   */
  public function rewind(): void {
    $this->seek(0);
  }

  /**
   * {@inheritdoc}
   */
  public function isWritable(): bool {
    return FALSE;
  }

  /**
   * {@inheritdoc}
   */
  public function write(string $string): int {
    throw new \RuntimeException('A body that comes from the vendor cannot be written.');
  }

  /**
   * {@inheritdoc}
   */
  public function isReadable(): bool {
    return $this->body !== NULL;
  }

  /**
   * {@inheritdoc}
   */
  public function read(int $length): string {
    return $this->open()->read($length);
  }

  /**
   * {@inheritdoc}
   */
  public function getContents(): string {
    return $this->open()->getContents();
  }

  /**
   * {@inheritdoc}
   */
  public function getMetadata(?string $key = NULL) {
    return $key === NULL ? [] : NULL;
  }

  /**
   * The body, while it is open.
   */
  private function open(): Body {
    return $this->body ?? throw new \RuntimeException('The body is closed.');
  }

}
