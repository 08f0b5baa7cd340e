<?php

declare(strict_types=1);

namespace Drupal\causeway\Mapping;

use Drupal\causeway\Exception\MappingException;

/**
 * Makes objects of decoded JSON.
 *
 * By the class's own static fromJson(mixed $data) where it has one, else by its
 * constructor: parameters by name (updatedAt from updated_at), nested classes,
 * backed enums, DateTimeImmutable from RFC 3339 text, lists by #[ListOf].
 * Members that no parameter wants are ignored, since vendors add them. Numbers
 * are taken as they are: "12" is no int, and 1.5 is none; 1 is a float.
 */
final class Mapper {

  /**
   * Parameters by class, so that reflection is paid once.
   *
   * @var array<class-string, list<\ReflectionParameter>>
   */
  private array $parameters = [];

  /**
   * Makes an object.
   *
   * @param mixed $data
   *   Decoded JSON, objects as arrays.
   * @param class-string<T> $class
   *   What to make of it.
   * @param string $pointer
   *   Where in the document this is, as a JSON pointer.
   *
   * @return T
   *   The object.
   *
   * @throws \Drupal\causeway\Exception\MappingException
   *   When the data does not fit; names the place by a JSON pointer.
   *
   * @template T of object
   */
  public function map(mixed $data, string $class, string $pointer = ''): object {
    if (method_exists($class, 'fromJson')) {
      return $this->construct($pointer, static fn (): object => $class::fromJson($data));
    }
    if (!is_array($data)) {
      throw MappingException::at($pointer, 'an object', $data);
    }
    $arguments = [];
    foreach ($this->parameters[$class] ??= $this->parametersOf($class) as $parameter) {
      $name = $parameter->getName();
      $member = array_key_exists($name, $data) ? $name : self::snake($name);
      $at = $pointer . '/' . str_replace(['~', '/'], ['~0', '~1'], $member);
      if (array_key_exists($member, $data)) {
        $arguments[$name] = $this->argument($data[$member], $parameter, $at);
      }
      elseif (!$parameter->isOptional()) {
        $arguments[$name] = $parameter->allowsNull() ? NULL : throw MappingException::missing($at, (string) $parameter->getType());
      }
    }
    return $this->construct($pointer, static fn (): object => new $class(...$arguments));
  }

  /**
   * The value of one parameter.
   */
  private function argument(mixed $value, \ReflectionParameter $parameter, string $pointer): mixed {
    if ($value === NULL && $parameter->allowsNull()) {
      return NULL;
    }
    $list = $parameter->getAttributes(ListOf::class)[0] ?? NULL;
    if ($list !== NULL) {
      return $this->list($value, $list->newInstance()->type, $pointer);
    }
    $type = $parameter->getType();
    if ($type instanceof \ReflectionNamedType) {
      return $this->value($value, $type->getName(), $pointer);
    }
    // A union takes the first of its types that fits.
    $expected = (string) $type;
    foreach ($type instanceof \ReflectionUnionType ? $type->getTypes() : [] as $one) {
      try {
        return $this->value($value, (string) $one, $pointer);
      }
      catch (MappingException) {
        continue;
      }
    }
    return $type === NULL ? $value : throw MappingException::at($pointer, $expected, $value);
  }

  /**
   * Makes each item of a list.
   *
   * @return list<mixed>
   *   The items.
   */
  private function list(mixed $value, string $type, string $pointer): array {
    if (!is_array($value) || !array_is_list($value)) {
      throw MappingException::at($pointer, 'a list', $value);
    }
    $items = [];
    foreach ($value as $index => $item) {
      $items[] = $this->value($item, $type, "$pointer/$index");
    }
    return $items;
  }

  /**
   * A value of a named type.
   */
  private function value(mixed $value, string $type, string $pointer): mixed {
    $fits = match ($type) {
      'mixed' => TRUE,
      'string' => is_string($value),
      'int' => is_int($value),
      'float' => is_float($value) || is_int($value),
      'bool' => is_bool($value),
      'array', 'iterable' => is_array($value),
      'null' => $value === NULL,
      default => NULL,
    };
    return match (TRUE) {
      $fits === FALSE => throw MappingException::at($pointer, $type, $value),
      $fits === TRUE => $type === 'float' ? (float) $value : $value,
      is_a($type, \DateTimeInterface::class, TRUE) => $this->time($value, $pointer),
      is_subclass_of($type, \BackedEnum::class) => $this->enum($value, $type, $pointer),
      class_exists($type) => $this->map($value, $type, $pointer),
      default => throw new \LogicException("$type cannot be made of JSON."),
    };
  }

  /**
   * A time, in UTC where it does not say.
   */
  private function time(mixed $value, string $pointer): \DateTimeImmutable {
    // As RFC 3339 has it: 'now' and 'tomorrow' are times to PHP, too.
    if (!is_string($value) || !preg_match('/^\d{4}-\d\d-\d\d([Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:\d\d)?)?$/', $value)) {
      throw MappingException::at($pointer, 'a time as RFC 3339 has it', $value);
    }
    return $this->construct($pointer, static fn (): \DateTimeImmutable => new \DateTimeImmutable($value, new \DateTimeZone('UTC')));
  }

  /**
   * Finds the case with this value.
   *
   * @param mixed $value
   *   Decoded JSON.
   * @param class-string<\BackedEnum> $enum
   *   The enum.
   * @param string $pointer
   *   Where this is.
   */
  private function enum(mixed $value, string $enum, string $pointer): \BackedEnum {
    foreach ($enum::cases() as $case) {
      if ($case->value === $value) {
        return $case;
      }
    }
    throw MappingException::at($pointer, 'one of ' . implode(', ', array_column($enum::cases(), 'value')), $value);
  }

  /**
   * Runs a constructor; what it refuses is a fault at this place.
   *
   * @param string $pointer
   *   Where this is.
   * @param callable(): T $make
   *   Makes the object.
   *
   * @return T
   *   The object.
   *
   * @template T of object
   */
  private function construct(string $pointer, callable $make): object {
    try {
      return $make();
    }
    catch (MappingException $e) {
      throw $e;
    }
    catch (\InvalidArgumentException | \ValueError | \TypeError | \UnexpectedValueException | \DateMalformedStringException $e) {
      // Not the message of that exception, which may hold the value.
      throw MappingException::refused($pointer, $e);
    }
  }

  /**
   * Reads the signature of a constructor.
   *
   * @param class-string $class
   *   The class.
   *
   * @return list<\ReflectionParameter>
   *   Its constructor's parameters.
   */
  private function parametersOf(string $class): array {
    return (new \ReflectionClass($class))->getConstructor()?->getParameters() ?? [];
  }

  /**
   * The name as vendors write it: updated_at.
   */
  private static function snake(string $name): string {
    return strtolower((string) preg_replace('/(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/', '_', $name));
  }

}
