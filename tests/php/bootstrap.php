<?php

/**
 * @file
 * Says what is missing before PHPUnit starts.
 */

declare(strict_types=1);

if (!extension_loaded('causeway') || !filter_var(ini_get('causeway.testing'), FILTER_VALIDATE_BOOL)) {
    fwrite(STDERR, "These tests need: php -d extension=…/causeway.so -d causeway.testing=1 vendor/bin/phpunit\n");
    exit(2);
}

// PHPUnit's own tree: vendor/, or another one with other releases of what the tests want.
require constant('PHPUNIT_COMPOSER_INSTALL');
