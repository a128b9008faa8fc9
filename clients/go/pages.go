package wanllmdb

import (
	"iter"

	"google.golang.org/protobuf/proto"
)

// pages returns the entries of all pages. An empty page is not the last one; one without a token is.
func pages[T any](next func() (entries []T, token string, err error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for {
			entries, token, err := next()
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, entry := range entries {
				if !yield(entry, nil) {
					return
				}
			}
			if token == "" {
				return
			}
		}
	}
}

// clone returns a copy of a request, or an empty one for nil.
func clone[T any, P interface {
	*T
	proto.Message
}](request P) P {
	if request == nil {
		return P(new(T))
	}
	return proto.CloneOf(request)
}
