<?php

declare(strict_types=1);

namespace Causeway\Proof;

/** Something that Causeway promises under load, shown with figures and held against a bound. */
interface Proof
{
    public function name(): string;

    /** What is shown, in a sentence. */
    public function shows(): string;

    /** @throws \Causeway\Rig\Broken */
    public function run(Stage $stage): void;
}
