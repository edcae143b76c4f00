package scim

// Schema URNs (RFC 7643 section 10.3 and our own extensions).
const (
	URNUser        = "urn:ietf:params:scim:schemas:core:2.0:User"
	URNGroup       = "urn:ietf:params:scim:schemas:core:2.0:Group"
	URNEnterprise  = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	URNRosterdUser = "urn:ietf:params:scim:schemas:extension:rosterd:2.0:User"
	URNRosterdGrp  = "urn:ietf:params:scim:schemas:extension:rosterd:2.0:Group"
)

// Message URNs (RFC 7644 section 8.2).
const (
	URNListResponse = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
	URNPatchOp      = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
	URNError        = "urn:ietf:params:scim:api:messages:2.0:Error"
)
