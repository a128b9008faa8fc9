package wanllmdb

import (
	"context"
	"errors"
	"fmt"
	"io"

	"google.golang.org/grpc"
)

// NewStream opens a stream of answers. Its errors are typed. It is opened again where the protocol
// says so, until it has sent a message.
func (p *peer) NewStream(
	ctx context.Context, description *grpc.StreamDesc, method string, given ...grpc.CallOption,
) (grpc.ClientStream, error) {
	s := &stream{peer: p, ctx: ctx, call: callOf(method, nil, given)}
	s.open = func() (grpc.ClientStream, error) {
		s.key = p.keys.current()
		waits := grpc.WaitForReady(p.answered.Load())
		return p.all.NewStream(withKey(ctx, s.key), description, method,
			append([]grpc.CallOption{waits}, given...)...)
	}
	inner, err := s.open()
	if err != nil {
		return nil, p.failure(ctx, s.call, err)
	}
	s.ClientStream = inner
	return s, nil
}

// stream is a stream of answers to one request.
type stream struct {
	grpc.ClientStream
	peer *peer
	ctx  context.Context
	call call
	open func() (grpc.ClientStream, error)

	request  any
	key      Secret
	hasBegun bool
	resends  int
}

func (s *stream) SendMsg(request any) error {
	s.request = request
	return s.ClientStream.SendMsg(request)
}

func (s *stream) RecvMsg(message any) error {
	for {
		err := s.ClientStream.RecvMsg(message)
		switch {
		case err == nil:
			s.hasBegun = true
			s.peer.answered.Store(true)
			return nil
		case errors.Is(err, io.EOF):
			return err
		}
		failure := s.peer.failure(s.ctx, s.call, err)
		delay, again := s.peer.resendDelay(failure, s.resends, s.key)
		if s.hasBegun || !again {
			return failure
		}
		s.resends++
		if err := pause(s.ctx, delay); err != nil {
			return fmt.Errorf("%s: %w", s.call.rpc, err)
		}
		if err := s.reopen(); err != nil {
			return s.peer.failure(s.ctx, s.call, err)
		}
	}
}

func (s *stream) reopen() error {
	inner, err := s.open()
	if err != nil {
		return err
	}
	s.ClientStream = inner
	if err := inner.SendMsg(s.request); err != nil {
		return err
	}
	return inner.CloseSend()
}
