<?php

/**
 * @file
 * The proofs, in the order in which they run.
 */

declare(strict_types=1);

use Causeway\Proof\Background;
use Causeway\Proof\BackfillMillion;
use Causeway\Proof\ColdUrl;
use Causeway\Proof\Flood;
use Causeway\Proof\Forks;
use Causeway\Proof\IdleClose;
use Causeway\Proof\Interrupts;
use Causeway\Proof\Kills;
use Causeway\Proof\Leak;
use Causeway\Proof\LeakFpm;
use Causeway\Proof\Preload;
use Causeway\Proof\Reload;
use Causeway\Proof\Shared;
use Causeway\Proof\Storm;
use Causeway\Proof\Streams;
use Causeway\Proof\Throttle;

return [
    new Forks(),
    new Preload(),
    new Reload(),
    new Shared(),
    new IdleClose(),
    new Storm(),
    new Throttle(),
    new ColdUrl(),
    new Background(),
    new Interrupts(),
    new Streams(),
    new Flood(),
    new Kills(),
    new BackfillMillion(),
    new Leak(),
    new LeakFpm(),
];
