// What an expression gives, followed through its syntax tree: the members, one of them, its tags, or something else. On the way it finds names that no
// member has, and the mistakes that JMESPath takes without a word and that would select nobody, or all.
import { nearestWord } from '../model/nearest.ts';
import { type SelectorNode, type SelectorProblem, wrong } from './selector-syntax.ts';
import {
  fieldWords,
  isSelectorField,
  otherWords,
  type SelectorField,
  selectorFields,
  selectorFunctions,
} from './selector-words.ts';

/** `nothing`: null, whoever the members are. */
export type Shape = 'members' | 'member' | 'tags' | 'value' | 'nothing';

export interface ShapeReading {
  readonly shape: Shape;
  /** The fields of members that it asks for. */
  readonly fields: ReadonlySet<SelectorField>;
  /** The first mistake. */
  readonly problem: SelectorProblem | undefined;
}

/** `text`: as it was written, for the remedies. */
export function shapeOf(tree: SelectorNode, text: string): ShapeReading {
  const walk = new Walk(text);
  const shape = walk.of(tree, 'members');
  return { shape, fields: walk.fields, problem: walk.problem };
}

class Walk {
  readonly fields = new Set<SelectorField>();
  problem: SelectorProblem | undefined;
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** What `node` gives when it is asked of a value of the shape `on`. */
  of(node: SelectorNode, on: Shape): Shape {
    switch (node.type) {
      case 'Identity':
      case 'Current':
        return on;
      case 'Field':
        return this.#field(node.name, on);
      case 'Subexpression':
        if (node.left.type === 'NotExpression')
          return this.#say(
            '! binds tighter than the dot, and so denies the part before it',
            'write !(tags.x) instead of !tags.x',
          );
        return this.of(node.right, this.of(node.left, on));
      case 'IndexExpression':
      case 'Pipe':
        return this.of(node.right, this.of(node.left, on));
      case 'Index':
        return on === 'members' ? 'member' : on === 'value' ? 'value' : 'nothing';
      case 'Slice':
        return on === 'members' || on === 'value' ? on : 'nothing';
      case 'Flatten': {
        const child = this.of(node.child, on);
        return child === 'members' || child === 'value' ? child : 'nothing';
      }
      case 'Projection':
        return this.#each(this.of(node.left, on), (element) => this.of(node.right, element));
      case 'FilterProjection':
        return this.#filtered(this.of(node.left, on), (element) => {
          this.of(node.condition, element);
          return this.of(node.right, element);
        });
      case 'ValueProjection':
        return this.of(node.left, on) === 'members' ? 'nothing' : 'value';
      case 'Comparator':
        return this.#compared(node.left, node.right, on);
      case 'OrExpression':
      case 'AndExpression':
        return either(this.of(node.left, on), this.of(node.right, on));
      case 'Ternary':
        this.of(node.condition, on);
        return either(this.of(node.trueExpr, on), this.of(node.falseExpr, on));
      case 'NotExpression':
        this.of(node.child, on);
        return 'value';
      case 'Unary':
        this.of(node.operand, on);
        return 'value';
      case 'Arithmetic':
        this.of(node.left, on);
        this.of(node.right, on);
        return 'value';
      case 'MultiSelectList':
        return this.#listed(node.children.map((child) => this.of(child, on)));
      case 'MultiSelectHash':
        for (const { value } of node.children) this.of(value, on);
        return 'value';
      case 'Function':
        return this.#called(node.name, node.children, on);
      case 'Literal':
        return 'value';
      case 'Binding':
        this.of(node.reference, on);
        return this.#say('= compares nothing', 'a comparison is written with ==');
      case 'ExpressionReference':
        return this.#say('& stands before an expression outside of a function', "'and' is written &&");
      case 'Root':
      case 'Variable':
      case 'LetExpression':
        return this.#say('a selector looks at one member at a time: $ and let are not taken', 'leave them out');
    }
  }

  #field(name: string, on: Shape): Shape {
    if (on === 'members')
      return this.#say(
        `'${name}' is asked of the list of members, not of each of them`,
        `put the condition into [? ... ]: [? ${this.#text.trim()} ]`,
      );
    if (on !== 'member') return on === 'nothing' ? 'nothing' : 'value';
    if (!isSelectorField(name)) return this.#say(`a member has no field '${name}'`, remedyForField(name));
    this.fields.add(name);
    return name === 'tags' ? 'tags' : 'value';
  }

  #each(list: Shape, give: (element: Shape) => Shape): Shape {
    if (list === 'nothing' || list === 'member' || list === 'tags') return 'nothing';
    const given = give(list === 'members' ? 'member' : 'value');
    return given === 'member' ? 'members' : 'value';
  }

  #filtered(list: Shape, give: (element: Shape) => Shape): Shape {
    if (list === 'member')
      return this.#say(
        'a second [? ... ] is asked of each single member, and gives nobody',
        'join the conditions with &&',
      );
    return this.#each(list, give);
  }

  #compared(left: SelectorNode, right: SelectorNode, on: Shape): Shape {
    this.of(left, on);
    this.of(right, on);
    if (on === 'member') {
      this.#wordsOf(left, right);
      this.#wordsOf(right, left);
    }
    return 'value';
  }

  /** A word that the field never has. */
  #wordsOf(field: SelectorNode, literal: SelectorNode): void {
    if (field.type !== 'Field' || literal.type !== 'Literal') return;
    const { value } = literal;
    const words = fieldWords.get(field.name);
    if (words === undefined || (typeof value === 'string' && words.includes(value))) return;
    const written = String(value);
    const meant = otherWords.get(written) ?? nearestWord(written, words);
    const list = `the words are ${words.join(', ')}`;
    this.#say(
      `${field.name} is never '${written}'`,
      meant === undefined || !words.includes(meant) ? list : `did you mean '${meant}'? ${list}`,
    );
  }

  #listed(children: readonly Shape[]): Shape {
    return children.every((child) => child === 'member') || children.every((child) => child === 'members')
      ? 'members'
      : 'value';
  }

  #called(name: string, children: readonly SelectorNode[], on: Shape): Shape {
    if (!selectorFunctions.includes(name)) {
      const meant = nearestWord(name, selectorFunctions);
      const list = `the functions here are ${selectorFunctions.join(', ')}`;
      return this.#say(`there is no function ${name}()`, meant === undefined ? list : `did you mean ${meant}()?`);
    }
    const shapes: Shape[] = [];
    for (const child of children) {
      const element = shapes.at(-1) === 'members' ? 'member' : 'value';
      if (child.type === 'ExpressionReference') this.of(child.child, element);
      else shapes.push(this.of(child, on));
    }
    const [first = 'value'] = shapes;
    return name === 'sort_by' || name === 'reverse' ? first : 'value';
  }

  #say(message: string, remedy: string): Shape {
    this.problem ??= wrong(message, remedy);
    return 'value';
  }
}

/** Of two, one or the other. */
const either = (a: Shape, b: Shape): Shape => (a === b ? a : 'value');

function remedyForField(name: string): string {
  const meant = nearestWord(name, selectorFields);
  if (meant !== undefined) return `did you mean '${meant}'?`;
  return `the fields are ${selectorFields.join(', ')}; a tag is tags.${/^[A-Za-z_]\w*$/.test(name) ? name : `"${name}"`}, a text stands in single quotes: '${name}'`;
}
