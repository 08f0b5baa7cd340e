<?php

/**
 * @file
 * Loads the classes of the rig, the benchmark and the proofs: no Composer package is needed for them.
 */

declare(strict_types=1);

spl_autoload_register(static function (string $class): void {
    foreach (['Causeway\\Rig\\' => 'rig', 'Causeway\\Bench\\' => 'bench/src', 'Causeway\\Proof\\' => 'proof/src'] as $prefix => $folder) {
        $file = \dirname(__DIR__) . "/$folder/" . str_replace('\\', '/', substr($class, \strlen($prefix))) . '.php';
        if (str_starts_with($class, $prefix) && is_file($file)) {
            require $file;
        }
    }
});
