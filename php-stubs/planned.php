<?php

/**
 * @file
 * Names that were chosen and are not built yet.
 *
 * Read by generate.php, which adds them to causeway.php, and never loaded. A class that is planned
 * as a whole says @planned in its own doc; in a class that exists, each member says it. What the
 * extension has in the meantime must leave this file: generate.php complains.
 */

declare(strict_types=1);
