<?php

declare(strict_types=1);

namespace Causeway\Stubs;

/** Writes classes as PHP without bodies. */
final class StubWriter
{
    private const HEAD = <<<'PHP'
        <?php

        /**
         * @file
         * The names of Causeway, for editors and static analysis.
         *
         * Generated from the extension by php-stubs/generate.php: change the docs in src/php.
         */

        declare(strict_types=1);

        PHP;

    public function __construct(private readonly Docs $docs)
    {
    }

    /** @param array<string, \ReflectionClass<object>> $classes */
    public function write(array $classes): string
    {
        $byNamespace = [];
        foreach ($classes as $class) {
            $byNamespace[$class->getNamespaceName()][] = $this->class($class);
        }
        ksort($byNamespace);
        $blocks = [];
        foreach ($byNamespace as $namespace => $written) {
            $blocks[] = "namespace $namespace {\n\n" . self::indent(implode("\n\n", $written)) . "\n}\n";
        }

        return self::HEAD . "\n" . implode("\n", $blocks);
    }

    /** @param \ReflectionClass<object> $class */
    private function class(\ReflectionClass $class): string
    {
        $members = [];
        foreach ($class->getReflectionConstants() as $constant) {
            $members[] = "public const {$constant->getName()} = " . self::literal($constant->getValue()) . ';';
        }
        foreach ($class->getProperties(\ReflectionProperty::IS_PUBLIC) as $property) {
            if ($property->class === $class->name) {
                $members[] = $this->property($property);
            }
        }
        foreach ($this->methods($class) as $method) {
            $members[] = $this->method($method, $class);
        }
        $head = self::comment($this->docs->of($class->name)) . self::head($class);

        return self::block($head, $members);
    }

    /**
     * The class's own public methods, the constructor first, where PHP code may call it: one that
     * only throws has no docs.
     *
     * @param \ReflectionClass<object> $class
     *
     * @return list<\ReflectionMethod>
     */
    private function methods(\ReflectionClass $class): array
    {
        $isOwn = fn (\ReflectionMethod $method): bool => $method->class === $class->name
            && (!$method->isConstructor() || $this->docs->of("$class->name::__construct") !== []);
        $methods = array_filter($class->getMethods(\ReflectionMethod::IS_PUBLIC), $isOwn);
        usort($methods, static fn ($a, $b): int => $b->isConstructor() <=> $a->isConstructor());

        return $methods;
    }

    private function property(\ReflectionProperty $property): string
    {
        $doc = self::comment($this->docs->of("$property->class::\$$property->name"));
        $namespace = $property->getDeclaringClass()->getNamespaceName();
        $type = $property->hasType() ? self::type($property->getType(), $namespace) . ' ' : '';
        $kind = ($property->isStatic() ? 'static ' : '') . ($property->isReadOnly() ? 'readonly ' : '');

        return "{$doc}public $kind$type\$$property->name;";
    }

    /** @param \ReflectionClass<object> $class */
    private function method(\ReflectionMethod $method, \ReflectionClass $class): string
    {
        $namespace = $class->getNamespaceName();
        $doc = self::comment($this->docs->of("$class->name::$method->name"));
        $static = $method->isStatic() ? 'static ' : '';
        $parameter = static fn (\ReflectionParameter $parameter): string => self::parameter($parameter, $namespace);
        $parameters = implode(', ', array_map($parameter, $method->getParameters()));
        $return = $method->hasReturnType() ? ': ' . self::type($method->getReturnType(), $namespace) : '';

        return "{$doc}public {$static}function $method->name($parameters)$return" . ($class->isInterface() ? ';' : ' {}');
    }

    private static function parameter(\ReflectionParameter $parameter, string $namespace): string
    {
        $type = $parameter->hasType() ? self::type($parameter->getType(), $namespace) . ' ' : '';
        $reference = $parameter->isPassedByReference() ? '&' : '';
        $name = ($parameter->isVariadic() ? '...' : '') . "\$$parameter->name";
        $default = '';
        if ($parameter->isDefaultValueAvailable()) {
            $default = ' = ' . self::literal($parameter->getDefaultValue());
        } elseif ($parameter->isOptional() && !$parameter->isVariadic()) {
            $default = ' = null';
        }

        return "$type$reference$name$default";
    }

    /** @param \ReflectionClass<object> $class */
    private static function head(\ReflectionClass $class): string
    {
        $namespace = $class->getNamespaceName();
        $kind = $class->isInterface() ? 'interface' : ($class->isFinal() ? 'final class' : 'class');
        $parent = $class->getParentClass();
        $extends = $parent === false ? '' : ' extends ' . self::name($parent->name, $namespace);
        $own = self::ownInterfaces($class);
        $names = implode(', ', array_map(static fn (string $name): string => self::name($name, $namespace), $own));
        $implements = $own === [] ? '' : ($class->isInterface() ? ' extends ' : ' implements ') . $names;

        return "$kind {$class->getShortName()}$extends$implements";
    }

    /**
     * Interfaces that neither the parent nor another interface brings along.
     *
     * @param \ReflectionClass<object> $class
     *
     * @return list<string>
     */
    private static function ownInterfaces(\ReflectionClass $class): array
    {
        $parent = $class->getParentClass();
        $inherited = $parent === false ? [] : $parent->getInterfaceNames();
        foreach ($class->getInterfaces() as $interface) {
            array_push($inherited, ...$interface->getInterfaceNames());
        }

        return array_values(array_diff($class->getInterfaceNames(), $inherited));
    }

    private static function type(?\ReflectionType $type, string $namespace): string
    {
        return match (true) {
            $type instanceof \ReflectionNamedType => self::namedType($type, $namespace),
            $type instanceof \ReflectionUnionType => implode('|', array_map(
                static fn (\ReflectionType $one): string => self::type($one, $namespace),
                $type->getTypes(),
            )),
            default => (string) $type,
        };
    }

    private static function namedType(\ReflectionNamedType $type, string $namespace): string
    {
        $name = $type->isBuiltin() ? $type->getName() : self::name($type->getName(), $namespace);
        $isMarked = $type->allowsNull() && !in_array($name, ['mixed', 'null'], true);

        return $isMarked ? "?$name" : $name;
    }

    /** The name as it is written within a namespace. */
    private static function name(string $name, string $namespace): string
    {
        $isNear = str_starts_with($name, "$namespace\\") && !str_contains(substr($name, strlen($namespace) + 1), '\\');

        return $isNear ? substr($name, strlen($namespace) + 1) : ($name === 'self' || $name === 'static' ? $name : "\\$name");
    }

    private static function literal(mixed $value): string
    {
        return match ($value) {
            null => 'null',
            true => 'true',
            false => 'false',
            [] => '[]',
            default => var_export($value, true),
        };
    }

    /** @param array<string> $members */
    private static function block(string $head, array $members): string
    {
        return $members === [] ? "$head {}" : "$head {\n" . self::indent(implode("\n", $members)) . "\n}";
    }

    /** @param list<string> $lines */
    private static function comment(array $lines): string
    {
        return match (count($lines)) {
            0 => '',
            1 => "/** $lines[0] */\n",
            default => "/**\n" . implode('', array_map(static fn (string $line): string => rtrim(" * $line") . "\n", $lines)) . " */\n",
        };
    }

    private static function indent(string $text): string
    {
        return (string) preg_replace('~^(?=.)~m', '  ', $text);
    }
}
