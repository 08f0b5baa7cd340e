<?php

declare(strict_types=1);

namespace Drupal\causeway\Command;

use Symfony\Component\Console\Helper\ProgressBar;
use Symfony\Component\Console\Style\SymfonyStyle;

/**
 * How far a walk over a vendor's list is, on stderr.
 */
final readonly class Progress {

  /**
   * The bar.
   */
  private ProgressBar $bar;

  public function __construct(private SymfonyStyle $io) {
    $this->bar = $io->getErrorStyle()->createProgressBar();
    $this->bar->minSecondsBetweenRedraws(0.1);
  }

  /**
   * Shows that so many rows were walked, of a total where it is known.
   */
  public function __invoke(int $rows, ?int $total = NULL): void {
    $total === NULL || $this->bar->setMaxSteps(max($rows, $total));
    $this->bar->setProgress($rows);
  }

  /**
   * Ends the bar's line, also after a failure.
   */
  public function end(): void {
    $this->bar->display();
    $this->io->getErrorStyle()->newLine();
  }

}
