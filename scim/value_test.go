package scim

import (
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"testing"
)

// TestValue: a value is what it was made of, and nothing else.
func TestValue(t *testing.T) {
	object := Object{{"a", Text("b")}}
	for _, c := range []struct {
		value Value
		kind  Kind
		str   string
		is    bool
		num   int64
		obj   Object
		list  []Value
		json  string
	}{
		{value: Value{}, kind: Null, json: "null"},
		{value: Text("x"), kind: String, str: "x", json: `"x"`},
		{value: Text(""), kind: String, json: `""`},
		{value: Number("1.5e300"), kind: Decimal, str: "1.5e300", json: "1.5e300"},
		{value: Boolean(true), kind: Bool, is: true, json: "true"},
		{value: Boolean(false), kind: Bool, json: "false"},
		{value: Integer(1), kind: Int, num: 1, json: "1"},
		{value: Integer(-1 << 63), kind: Int, num: -1 << 63, json: "-9223372036854775808"},
		{value: ObjectOf(object...), kind: Complex, obj: object, json: `{"a":"b"}`},
		{value: ObjectOf(), kind: Complex, json: "{}"},
		{value: ObjectOf(Object{}...), kind: Complex, obj: Object{}, json: "{}"},
		{value: ListOf(Integer(7), Value{}), kind: List, list: []Value{Integer(7), {}}, json: "[7,null]"},
		{value: ListOf(), kind: List, json: "[]"},
		{value: ListOf([]Value{}...), kind: List, list: []Value{}, json: "[]"},
	} {
		v := c.value
		if v.Kind() != c.kind || v.Str() != c.str || v.Bool() != c.is || v.Int() != c.num {
			t.Errorf("%s: %v %q %v %d", c.json, v.Kind(), v.Str(), v.Bool(), v.Int())
		}
		if got := v.Obj(); !got.Equal(c.obj) || (got == nil) != (c.obj == nil) {
			t.Errorf("%s: attributes %v", c.json, got)
		}
		if got := v.List(); !ListOf(got...).Equal(ListOf(c.list...)) || (got == nil) != (c.list == nil) {
			t.Errorf("%s: elements %v", c.json, got)
		}
		if got := fmt.Sprintf("%+v", Attr{"a", v}); got != "{Name:a Value:"+c.json+"}" {
			t.Errorf("%s: JSON %s", c.json, got)
		}
	}
}

// TestValueHolds: what a value is made of lives as long as the value, wherever
// it came from, and no other value can be changed through it.
func TestValueHolds(t *testing.T) {
	var values []Value
	for i := range 1000 {
		text := strings.Repeat("x", i%50) + fmt.Sprint(i)
		values = append(values, ObjectOf(Attr{"text", Text(text[i%50:])}, Attr{"list", ListOf(Text(text), Integer(int64(i)))}))
	}
	for range 3 {
		runtime.GC()
		_ = make([]byte, 1<<20)
	}
	for i, v := range values {
		want := fmt.Sprintf(`{"text":"%d","list":["%s%d",%d]}`, i, strings.Repeat("x", i%50), i, i)
		if got := string(AppendValue(nil, v)); got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
	}
	room := append(make(Object, 0, 2), Attr{"a", Text("b")})
	one := ObjectOf(room...)
	_ = append(one.Obj(), Attr{"c", Text("d")})
	if there := room[:2][1]; there.Name != "" {
		t.Errorf("appending to what a value holds wrote %q behind it", there.Name)
	}
}

// TestValueSize holds the sizes that docs/adr/0028-values.md argues for.
func TestValueSize(t *testing.T) {
	if value, attr := reflect.TypeFor[Value]().Size(), reflect.TypeFor[Attr]().Size(); value != 24 || attr != 40 {
		t.Errorf("a value takes %d bytes, an attribute %d", value, attr)
	}
}
