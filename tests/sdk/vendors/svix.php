<?php

declare(strict_types=1);

use Causeway\Tests\Sdk\Judge;

require_once __DIR__ . '/../standard.php';

return static fn (Judge $judge): iterable => Causeway\Tests\Sdk\standard($judge, 'svix', 'svix', 'svix');
