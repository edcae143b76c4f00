package main

const loadHelp = `Sends made-up people and teams to a server, measures, and reads back by id what was acknowledged:
people and groups, the names that changes gave them, who is not active, who is deleted, memberships. Nothing but SCIM is needed of the server.

Profiles that bring everybody in, then change a few (renames, leavers, members):
  entra     Microsoft Entra ID: filter, POST, a PATCH for each member
  okta      Okta, an application of its catalogue: filter, POST, members by PATCH, GET and PUT, PATCH of active
  okta-aiw  Okta, an application made with its wizard: the same, and whatever it changes by PUT
  onelogin  OneLogin: filter, POST, PUT of the whole, a PATCH for each member
  bulk      a client of /Bulk, a hundred people to a request
Profiles about a population, which is made first and not counted (for 30s unless told otherwise):
  mixed     in percent: 40 GET by id, 20 filters, 5 pages, 10 creates, 10 changes of active, 10 of a membership, 5 deletions
  read      60 GET by id, 30 filters, 10 pages of 100

--trace plays a file: a JSON object a line, with method, path (below the base), body, and offset, the milliseconds from the start
at which it is sent unless there is a --rate. ${7} in a path or body is the id of what line 7 created, or of the one it found. --record writes such a file.

A closed loop sends a connection's next request when it has the answer to the last. With --rate each request has an instant, and
its latency is from there: what waits because all connections are busy is not forgiven. Answers other than 2xx are counted by
scimType and are no failure of the load; 429 is tried again after Retry-After, in the profiles that bring everybody in.

Exit codes: 0 everything acknowledged is there, 1 something is missing or nothing worked, 2 the command line is wrong.`

const loadExamples = `  bench load --url http://127.0.0.1:8080/scim/v2 --token rsd_... --profile entra --people 2000 --connections 32
  bench load --url https://scim.example.com/v2 --token ... --profile mixed --rate 200 --warm-up 5s --duration 1m
  bench load --url http://127.0.0.1:8080/scim/v2 --token rsd_... --trace day.jsonl`
