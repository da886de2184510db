package armor

import (
	"net/netip"
	"strings"
	"sync"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
)

// environment has the attributes and functions of Cloud Armor's language that the local cloud knows. They do what Google's
// published environment does (https://github.com/cel-expr/cloud-armor-rules), which needs a newer cel-go than Kubernetes.
var environment = sync.OnceValues(func() (*cel.Env, error) {
	text := cel.StringType
	return cel.NewEnv(
		cel.Variable("origin.ip", text),
		cel.Variable("request.method", text),
		cel.Variable("request.path", text),
		cel.Variable("request.query", text),
		cel.Variable("request.scheme", text),
		cel.Variable("request.headers", cel.MapType(text, text)),
		onText("lower", ascii('A', 'Z', 'a'-'A')),
		onText("upper", ascii('a', 'z', 'A'-'a')),
		onText("urlDecode", urlDecode),
		cel.Function("inIpRange", cel.Overload("inIpRange_string_string", []*cel.Type{text, text}, cel.BoolType,
			cel.BinaryBinding(inIPRange))),
		cel.ClearMacros(),
	)
})

// onText is a function that changes a text, called as its member.
func onText(name string, change func(string) string) cel.EnvOption {
	return cel.Function(name, cel.MemberOverload("string_"+name, []*cel.Type{cel.StringType}, cel.StringType,
		cel.UnaryBinding(func(v ref.Val) ref.Val { return types.String(change(v.Value().(string))) })))
}

// inIPRange reports whether an address is in a range, written as an address or in CIDR notation.
func inIPRange(address, of ref.Val) ref.Val {
	a, err := netip.ParseAddr(address.Value().(string))
	if err != nil {
		return types.WrapErr(err)
	}
	r, err := Range(of.Value().(string))
	if err != nil {
		return types.WrapErr(err)
	}
	return types.Bool(r.Contains(a.Unmap()))
}

// ascii returns a function that shifts the letters from first to last, and no others.
func ascii(first, last, by rune) func(string) string {
	return func(s string) string {
		return strings.Map(func(r rune) rune {
			if first <= r && r <= last {
				return r + by
			}
			return r
		}, s)
	}
}

// urlDecode decodes what is encoded, a plus to a blank, and leaves the rest. The published environment fails for an invalid
// code, and says that Cloud Armor is more tolerant.
func urlDecode(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '+' {
			b.WriteByte(' ')
			continue
		}
		if s[i] == '%' && i+2 < len(s) {
			high, low := hex(s[i+1]), hex(s[i+2])
			if high >= 0 && low >= 0 {
				b.WriteByte(byte(high<<4 | low))
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// hex is the value of a hexadecimal digit, or -1.
func hex(c byte) int { return strings.Index("0123456789abcdef", strings.ToLower(string(rune(c)))) }

// Range parses an address or a range in CIDR notation.
func Range(text string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(text); err == nil {
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	return netip.ParsePrefix(text)
}
