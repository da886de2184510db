// Package armor evaluates the expressions of Cloud Armor's rules
// (https://docs.cloud.google.com/armor/docs/rules-language-reference).
package armor

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"
	"github.com/google/cel-go/common/overloads"
)

// Limits of an expression, in characters and in parts joined by && and ||
// (https://docs.cloud.google.com/armor/quotas).
const (
	maxExpression     = 2048
	maxSubexpression  = 1024
	maxSubexpressions = 5
)

// Expression is a rule's condition.
type Expression struct{ program cel.Program }

// Compile checks an expression against what Cloud Armor allows. It knows fewer attributes and functions than Cloud Armor, and
// refuses the others.
func Compile(text string) (*Expression, error) {
	if len(text) > maxExpression {
		return nil, fmt.Errorf("the expression has %d characters, and at most %d are allowed", len(text), maxExpression)
	}
	env, err := environment()
	if err != nil {
		return nil, err
	}
	checked, issues := env.Compile(text)
	if issues.Err() != nil {
		return nil, issues.Err()
	}
	if checked.OutputType() != cel.BoolType {
		return nil, fmt.Errorf("the expression is of type %s, and must be of type bool", checked.OutputType())
	}
	if err := checkParts(checked.NativeRep(), text); err != nil {
		return nil, err
	}
	program, err := env.Program(checked)
	if err != nil {
		return nil, err
	}
	return &Expression{program}, nil
}

// operations are those of Cloud Armor's language that the local cloud knows.
var operations = []string{
	operators.Equals, operators.NotEquals, operators.LogicalNot, operators.Add, operators.LogicalAnd, operators.LogicalOr,
	operators.Index, overloads.Contains, overloads.StartsWith, overloads.EndsWith, overloads.Matches,
	"inIpRange", "lower", "upper", "urlDecode",
}

// checkParts checks the operations of an expression, its number of parts and their lengths.
func checkParts(tree *ast.AST, text string) error {
	var problems []error
	ast.PostOrderVisit(tree.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		switch e.Kind() {
		case ast.CallKind:
			if name := e.AsCall().FunctionName(); !slices.Contains(operations, name) {
				problems = append(problems, fmt.Errorf("the local cloud knows no operation %s in an expression", strings.Trim(name, "_")))
			}
			problems = append(problems, checkLiteral(e.AsCall())...)
		case ast.LiteralKind, ast.IdentKind, ast.SelectKind:
		default:
			problems = append(problems, errors.New("an expression has attributes, literals and operations, and no other construct"))
		}
	}))
	if len(problems) > 0 {
		return problems[0]
	}
	// The text between two operators is the part, but for parentheses.
	if n := parts(tree.Expr()); n > maxSubexpressions {
		return fmt.Errorf("the expression has %d subexpressions, and at most %d are allowed", n, maxSubexpressions)
	}
	for _, part := range strings.FieldsFunc(strings.NewReplacer("&&", "\x00", "||", "\x00").Replace(text), func(r rune) bool { return r == 0 }) {
		if len(part) > maxSubexpression {
			return fmt.Errorf("a subexpression has %d characters, and at most %d are allowed", len(part), maxSubexpression)
		}
	}
	return nil
}

// checkLiteral checks the range of inIpRange and the regular expression of matches, which must be literals.
func checkLiteral(call ast.CallExpr) []error {
	name := call.FunctionName()
	if name != "inIpRange" && name != overloads.Matches {
		return nil
	}
	last := call.Args()[len(call.Args())-1]
	text := ""
	if last.Kind() == ast.LiteralKind {
		text, _ = last.AsLiteral().Value().(string)
	}
	var err error
	if name == "inIpRange" {
		_, err = Range(text)
	} else {
		_, err = regexp.Compile(text)
	}
	if err != nil || text == "" {
		return []error{fmt.Errorf("%s needs a literal that is valid, not %q", name, text)}
	}
	return nil
}

// parts counts what && and || join.
func parts(e ast.Expr) (n int) {
	if e.Kind() == ast.CallKind {
		call := e.AsCall()
		switch call.FunctionName() {
		case operators.LogicalAnd, operators.LogicalOr:
			for _, argument := range call.Args() {
				n += parts(argument)
			}
			return n
		case operators.LogicalNot:
			return parts(call.Args()[0])
		}
	}
	return 1
}

// Matches evaluates the expression for a client's request. An expression that fails matches nothing.
func (e *Expression) Matches(r *http.Request, client netip.Addr) bool {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	headers := map[string]string{}
	for name, values := range r.Header {
		headers[strings.ToLower(name)] = strings.Join(values, ",")
	}
	// As in the request's first line, without decoding.
	path, query, _ := strings.Cut(r.RequestURI, "?")
	if r.RequestURI == "" { // a request that no server has read
		path, query = r.URL.EscapedPath(), r.URL.RawQuery
	}
	value, _, err := e.program.Eval(map[string]any{
		"origin.ip": client.String(), "request.method": r.Method, "request.path": path, "request.query": query,
		"request.scheme": scheme, "request.headers": headers,
	})
	if err != nil {
		return false
	}
	matches, _ := value.Value().(bool)
	return matches
}
