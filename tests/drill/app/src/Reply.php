<?php

declare(strict_types=1);

namespace Shop;

/**
 * An answer to the visitor, and what is to be done when it was sent.
 */
final class Reply {

  private ?\Closure $afterwards = NULL;

  /** @param array<string, string> $headers */
  public function __construct(
    private readonly int $status,
    private readonly string $body,
    private readonly array $headers,
  ) {}

  /** @param array<string, string> $headers */
  public static function html(int $status, string $title, string $body, array $headers = []): self {
    $title = htmlspecialchars($title, ENT_QUOTES | ENT_SUBSTITUTE | ENT_HTML5, 'UTF-8');
    $page = "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>$title</title><body>$body</body></html>\n";
    return new self($status, $page, $headers + ['Content-Type' => 'text/html; charset=utf-8']);
  }

  /** @param array<string, string> $headers */
  public static function json(int $status, string $body, array $headers = []): self {
    return new self($status, $body, $headers + ['Content-Type' => 'application/json']);
  }

  /** Work for after the response. */
  public function afterwards(\Closure $work): self {
    $this->afterwards = $work;
    return $this;
  }

  /** Sends the answer, lets the visitor go, and does the rest. */
  public function send(): void {
    http_response_code($this->status);
    foreach ($this->headers as $name => $value) {
      header($name . ': ' . $value);
    }
    echo $this->body;
    if ($this->afterwards !== NULL) {
      if (function_exists('fastcgi_finish_request')) {
        fastcgi_finish_request();
      }
      ($this->afterwards)();
    }
  }

}
