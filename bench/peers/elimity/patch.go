package main

import (
	"maps"
	"slices"

	"github.com/elimity-com/scim"
	"github.com/elimity-com/scim/errors"
	scimfilter "github.com/elimity-com/scim/filter"
	"github.com/elimity-com/scim/schema"
	"github.com/scim2/filter-parser/v2"
)

// An object is what the library makes of a JSON object.
type object = map[string]interface{}

// apply carries out one operation, which the library has validated. Of what it
// changes it makes copies, since answers being written share it.
func (s *store) apply(attributes scim.ResourceAttributes, op scim.PatchOperation) error {
	if op.Path == nil {
		values, _ := op.Value.(object)
		for name, value := range values {
			update(attributes, name, op.Op, value)
		}
		return nil
	}
	ref, target := s.schemas[0], object(attributes)
	if uri := op.Path.AttributePath.URI(); uri != "" && uri != ref.ID {
		ref = s.schemas[len(s.schemas)-1]
		target = child(attributes, ref.ID)
	}
	attribute, ok := ref.Attributes.ContainsAttribute(op.Path.AttributePath.AttributeName)
	name := attribute.Name()
	switch {
	case !ok: // externalId, which the library knows and the schemas do not
		update(target, op.Path.AttributePath.AttributeName, op.Op, op.Value)
	case op.Path.ValueExpression != nil:
		return updateMatching(target, attribute, op)
	case op.Path.AttributePath.SubAttributeName() != "":
		update(child(target, name), op.Path.AttributePath.SubAttributeName(), op.Op, op.Value)
	default:
		update(target, name, op.Op, op.Value)
	}
	return nil
}

// child returns a copy of the object in the attribute, and puts it there.
func child(parent object, name string) object {
	old, _ := parent[name].(object)
	next := maps.Clone(old)
	if next == nil {
		next = object{}
	}
	parent[name] = next
	return next
}

// update changes one attribute. Values are added to and removed from a list one
// by one.
func update(target object, name, op string, value interface{}) {
	values, listed := value.([]interface{})
	old, _ := target[name].([]interface{})
	switch {
	case op == scim.PatchOperationAdd && listed:
		target[name] = append(without(old, values), values...)
	case op == scim.PatchOperationRemove && listed:
		target[name] = without(old, values)
	case op == scim.PatchOperationRemove:
		delete(target, name)
	default:
		target[name] = value
	}
}

// without returns a copy of list that lacks the elements that have the same
// value as one of others.
func without(list, others []interface{}) []interface{} {
	gone := make(map[interface{}]bool, len(others))
	for _, other := range others {
		gone[identity(other)] = true
	}
	return slices.DeleteFunc(slices.Clone(list), func(one interface{}) bool { return gone[identity(one)] })
}

// identity is what two elements of a list are compared by.
func identity(element interface{}) interface{} {
	if complex, ok := element.(object); ok {
		return complex["value"]
	}
	return element
}

// updateMatching changes the elements that the path's filter describes. If there
// is none, an element with the one value that an eq asks for is added.
func updateMatching(target object, attribute schema.CoreAttribute, op scim.PatchOperation) error {
	validator := scimfilter.NewFilterValidator(op.Path.ValueExpression, schema.Schema{Attributes: attribute.SubAttributes()})
	old, _ := target[attribute.Name()].([]interface{})
	var list []interface{}
	found := false
	for _, one := range old {
		element, ok := one.(object)
		if !ok || validator.PassesFilter(element) != nil {
			list = append(list, one)
			continue
		}
		found = true
		if changed := updateElement(element, op); changed != nil {
			list = append(list, changed)
		}
	}
	if !found && op.Op != scim.PatchOperationRemove {
		e, ok := op.Path.ValueExpression.(*filter.AttributeExpression)
		if !ok || e.Operator != filter.EQ {
			return errors.ScimErrorNoTarget
		}
		list = append(list, updateElement(object{e.AttributePath.AttributeName: e.CompareValue}, op))
	}
	target[attribute.Name()] = list
	return nil
}

// updateElement returns the element as the operation leaves it, nil if it is
// removed.
func updateElement(element object, op scim.PatchOperation) object {
	sub := op.Path.SubAttributeName()
	values, _ := op.Value.(object)
	if sub == "" && op.Op == scim.PatchOperationRemove {
		return nil
	}
	changed := maps.Clone(element)
	if sub != "" {
		update(changed, sub, op.Op, op.Value)
	} else {
		maps.Copy(changed, values)
	}
	return changed
}
