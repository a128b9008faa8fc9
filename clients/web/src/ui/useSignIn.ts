import { Code, ConnectError } from "@connectrpc/connect";
import { useNavigate, useRouter } from "@tanstack/react-router";
import { useEffect } from "react";

/** Leads to the sign-in, and from there back to this page, when an error asks for a key. */
export function useSignIn(error: unknown): void {
  const navigate = useNavigate();
  const router = useRouter();
  const isAsked =
    error !== undefined && error !== null && ConnectError.from(error).code === Code.Unauthenticated;
  useEffect(() => {
    if (!isAsked || router.state.location.pathname === "/login") return;
    void navigate({ to: "/login", search: { next: router.state.location.href } });
  }, [isAsked, navigate, router]);
}
