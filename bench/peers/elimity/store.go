package main

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/elimity-com/scim"
	"github.com/elimity-com/scim/errors"
	"github.com/elimity-com/scim/optional"
	"github.com/elimity-com/scim/schema"
	"github.com/scim2/filter-parser/v2"
)

// A store keeps the resources of one type. What is stored is never changed, only
// replaced, since the library writes answers after the lock is released.
type store struct {
	key     string // the attribute with an index
	unique  bool   // whether no two resources may have the same key
	schemas []schema.Schema

	mu        sync.RWMutex // guards what follows
	resources map[string]scim.Resource
	index     map[string][]string // ids by key, folded
	order     []string            // ids as they were created
	last      int                 // the id given last
}

func newStore(key string, unique bool, schemas ...schema.Schema) *store {
	return &store{key: key, unique: unique, schemas: schemas, resources: map[string]scim.Resource{}, index: map[string][]string{}}
}

// Create implements scim.ResourceHandler.
func (s *store) Create(_ *http.Request, attributes scim.ResourceAttributes) (scim.Resource, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id, now := strconv.Itoa(s.last+1), time.Now()
	created := scim.Resource{ID: id, Attributes: attributes, Meta: scim.Meta{Created: &now}}
	if err := s.put(&created); err != nil {
		return scim.Resource{}, err
	}
	s.last++
	s.order = append(s.order, id)
	return created, nil
}

// put stores a resource in place of the one with its id. The lock is held.
func (s *store) put(r *scim.Resource) error {
	key := s.keyOf(*r)
	if others := s.index[key]; s.unique && len(others) > 0 && others[0] != r.ID {
		return errors.ScimErrorUniqueness
	}
	now := time.Now()
	r.Meta.LastModified = &now
	if external, ok := r.Attributes[schema.CommonAttributeExternalID].(string); ok {
		r.ExternalID = optional.NewString(external)
	}
	s.unindex(r.ID)
	s.index[key] = append(s.index[key], r.ID)
	s.resources[r.ID] = *r
	return nil
}

// unindex takes the resource out of the index, if there is one. The lock is
// held.
func (s *store) unindex(id string) {
	old, ok := s.resources[id]
	if !ok {
		return
	}
	key := s.keyOf(old)
	rest := slices.DeleteFunc(s.index[key], func(other string) bool { return other == id })
	if s.index[key] = rest; len(rest) == 0 {
		delete(s.index, key)
	}
}

func (s *store) keyOf(r scim.Resource) string {
	key, _ := r.Attributes[s.key].(string)
	return strings.ToLower(key)
}

// Get implements scim.ResourceHandler.
func (s *store) Get(_ *http.Request, id string) (scim.Resource, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.get(id)
}

func (s *store) get(id string) (scim.Resource, error) {
	r, ok := s.resources[id]
	if !ok {
		return scim.Resource{}, errors.ScimErrorResourceNotFound(id)
	}
	return r, nil
}

// GetAll implements scim.ResourceHandler.
func (s *store) GetAll(_ *http.Request, params scim.ListRequestParams) (scim.Page, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	ids := s.order
	if params.FilterValidator != nil {
		ids = s.matching(params)
	}
	first := min(params.StartIndex-1, len(ids))
	page := scim.Page{TotalResults: len(ids), Resources: []scim.Resource{}}
	for _, id := range ids[first:min(first+params.Count, len(ids))] {
		page.Resources = append(page.Resources, s.resources[id])
	}
	return page, nil
}

// matching returns the ids that the filter holds for, out of the index if the
// filter asks for one key. The lock is held.
func (s *store) matching(params scim.ListRequestParams) []string {
	e, ok := params.FilterValidator.GetFilter().(*filter.AttributeExpression)
	if ok && e.Operator == filter.EQ && strings.EqualFold(e.AttributePath.String(), s.key) {
		return s.index[strings.ToLower(fmt.Sprint(e.CompareValue))]
	}
	var ids []string
	for _, id := range s.order {
		if params.FilterValidator.PassesFilter(s.resources[id].Attributes) == nil {
			ids = append(ids, id)
		}
	}
	return ids
}

// Replace implements scim.ResourceHandler.
func (s *store) Replace(_ *http.Request, id string, attributes scim.ResourceAttributes) (scim.Resource, error) {
	return s.change(id, func(scim.ResourceAttributes) (scim.ResourceAttributes, error) { return attributes, nil })
}

// Patch implements scim.ResourceHandler.
func (s *store) Patch(_ *http.Request, id string, operations []scim.PatchOperation) (scim.Resource, error) {
	return s.change(id, func(old scim.ResourceAttributes) (scim.ResourceAttributes, error) {
		attributes := maps.Clone(old)
		for _, op := range operations {
			if err := s.apply(attributes, op); err != nil {
				return nil, err
			}
		}
		return attributes, nil
	})
}

func (s *store) change(id string, to func(scim.ResourceAttributes) (scim.ResourceAttributes, error)) (scim.Resource, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	changed, err := s.get(id)
	if err != nil {
		return scim.Resource{}, err
	}
	if changed.Attributes, err = to(changed.Attributes); err != nil {
		return scim.Resource{}, err
	}
	if err := s.put(&changed); err != nil {
		return scim.Resource{}, err
	}
	return changed, nil
}

// Delete implements scim.ResourceHandler.
func (s *store) Delete(_ *http.Request, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.get(id); err != nil {
		return err
	}
	s.unindex(id)
	delete(s.resources, id)
	s.order = slices.DeleteFunc(slices.Clone(s.order), func(other string) bool { return other == id })
	return nil
}
