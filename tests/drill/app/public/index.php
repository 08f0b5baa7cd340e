<?php

/**
 * @file
 * The shop's front controller.
 */

declare(strict_types=1);

namespace Shop;

/** @var Shop $shop */
$shop = require __DIR__ . '/../bootstrap.php';

$path = trim((string) parse_url((string) ($_SERVER['REQUEST_URI'] ?? '/'), PHP_URL_PATH), '/');
[$page, $id, $rest] = explode('/', $path) + ['', '', ''];

$reply = match ($page) {
  'product' => (new Pages($shop))->product(rawurldecode($id)),
  'contact' => (new Pages($shop))->contact(rawurldecode($id)),
  'live' => (new Pages($shop))->live(rawurldecode($rest)),
  'price' => (new Prices($shop))->page(rawurldecode($id), (string) ($_GET['via'] ?? 'graphql')),
  'webhook' => (new Webhooks($shop))->receive($id, (string) file_get_contents('php://input'), $_SERVER),
  'health' => (new Health($shop))->page(),
  default => Reply::html(404, 'Not found', '<p>There is no such page.</p>'),
};
$reply->send();
